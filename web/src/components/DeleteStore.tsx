import { useState, type FormEvent } from "react";
import type { Problem } from "../api/client";
import type { Store } from "../api/types";
import { asProblem, useClient } from "../session";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";
import { Field } from "./Field";

/** Asks for the store's name before it is removed: its orders and products go with it. */
export function DeleteStore({ store, onClose, onDeleted }: { store: Store; onClose: () => void; onDeleted: (store: Store) => void }) {
  const client = useClient();
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);

  async function remove(event: FormEvent) {
    event.preventDefault();
    try {
      onDeleted(await client.remove(store.id));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <Dialog title={`Delete “${store.name}”?`} onClose={onClose}>
      <form onSubmit={remove}>
        <p>The shop, its products, its orders and its files are removed for good. What happened to it stays in its timeline.</p>
        <Field label="Type the store's name to confirm" autoFocus autoComplete="off" value={typed} onChange={setTyped} />
        {problem && <ErrorNote problem={problem} />}
        <footer>
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="danger" disabled={typed !== store.name}>Delete store</button>
        </footer>
      </form>
    </Dialog>
  );
}
