import { useState, type ReactNode } from "react";
import type { Problem } from "../api/client";
import { asProblem } from "../session";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";

/** Asks before something that cannot be taken back, and says why where it is refused. */
export function Confirm({ title, verb, children, act, onClose }: {
  title: string; verb: string; children: ReactNode; act: () => Promise<void>; onClose: () => void;
}) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSending, setSending] = useState(false);

  async function confirm() {
    setSending(true);
    setProblem(null);
    try {
      await act();
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {problem && <ErrorNote problem={problem} />}
      <footer>
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="button" className="danger" disabled={isSending} onClick={() => void confirm()}>{verb}</button>
      </footer>
    </Dialog>
  );
}
