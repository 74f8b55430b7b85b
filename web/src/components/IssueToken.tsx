import { useState, type FormEvent } from "react";
import type { Problem } from "../api/client";
import type { Account, IssuedToken } from "../api/types";
import { roles } from "../model/roles";
import { endOf } from "../model/time";
import { asProblem, useClient } from "../session";
import { Choices } from "./Choices";
import { Copy } from "./Copy";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";
import { Field } from "./Field";

/** Issues a token of an account. Its text is in this dialog and nowhere else: it goes with it. */
export function IssueToken({ account, onClose }: { account: Account; onClose: () => void }) {
  const [issued, setIssued] = useState<IssuedToken | null>(null);
  return (
    <Dialog title={issued ? "The new token" : `New token for “${account.name}”`} onClose={onClose}>
      {issued ? <Shown token={issued} onClose={onClose} /> : <Order account={account} onClose={onClose} onIssued={setIssued} />}
    </Dialog>
  );
}

function Order({ account, onClose, onIssued }: { account: Account; onClose: () => void; onIssued: (token: IssuedToken) => void }) {
  const client = useClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState("merchant");
  const [lastDay, setLastDay] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSending, setSending] = useState(false);

  async function send(event: FormEvent) {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    try {
      onIssued(await client.issueToken({ account: account.id, role, name, ...(lastDay ? { expiresAt: endOf(lastDay) } : {}) }));
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  }

  // The browser checks this form: half a date has no value, and would make a token without an end.
  return (
    <form onSubmit={send}>
      <Field
        label="Name" value={name} maxLength={63} autoComplete="off" fault={problem?.field("name")} onChange={setName}
        help="Who or what will use it, as “Ada's laptop”: the audit log names it."
      />
      <Choices legend="Role" name="role" items={roles} value={role} onChange={setRole} />
      <Field
        label="Last day" type="date" max="9999-12-31" value={lastDay} fault={problem?.field("expiresAt")} onChange={setLastDay}
        help="It works to the end of this day, in your time zone. Without a day it works until it is revoked."
      />
      {problem && !problem.field("name") && !problem.field("expiresAt") && <ErrorNote problem={problem} />}
      <footer>
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="submit" className="primary" disabled={isSending}>{isSending ? "Issuing …" : "Issue token"}</button>
      </footer>
    </form>
  );
}

function Shown({ token, onClose }: { token: IssuedToken; onClose: () => void }) {
  return (
    <>
      <p className="note warn" role="status">
        Copy it now: it is shown this once, and nobody can read it again. Whoever has it may do what its role may; send it where nobody else reads it.
      </p>
      <dl className="login">
        <dt>Name</dt>
        <dd>{token.name}</dd>
        <dt>Role</dt>
        <dd>{token.role}</dd>
        <dt>Token</dt>
        <dd><code className="secret">{token.token}</code> <Copy what="token" text={token.token} autoFocus /></dd>
      </dl>
      <footer>
        <button type="button" onClick={onClose}>Done</button>
      </footer>
    </>
  );
}
