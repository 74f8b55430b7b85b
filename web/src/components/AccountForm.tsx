import { useState, type FormEvent } from "react";
import type { Problem } from "../api/client";
import type { Account } from "../api/types";
import { measures, suggestedQuota, wanted, written } from "../model/quota";
import { suggestedSlug } from "../model/slug";
import { asProblem, useClient } from "../session";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";
import { Field } from "./Field";

/** Opens an account, or changes the one that is given. */
export function AccountForm({ account, onClose, onSaved }: { account?: Account; onClose: () => void; onSaved: (account: Account) => void }) {
  const client = useClient();
  const [name, setName] = useState(account?.name ?? "");
  const [id, setId] = useState("");
  const [quota, setQuota] = useState(() => written(account?.quota ?? suggestedQuota));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSending, setSending] = useState(false);

  async function send(event: FormEvent) {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    const order = { name, quota: wanted(quota) };
    try {
      onSaved(account ? await client.changeAccount(account, order) : await client.openAccount({ ...order, ...(id ? { id } : {}) }));
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  }

  const takenFault = problem?.document.code === "account_taken" ? problem.document.detail : undefined;
  const suggestedId = suggestedSlug(name);
  return (
    <Dialog title={account ? `Change “${account.name}”` : "New account"} onClose={onClose}>
      <form onSubmit={send} noValidate>
        <Field label="Name" value={name} maxLength={63} fault={problem?.field("name")} help="As people read it. It can be changed later." onChange={setName} />
        {!account && (
          <Field
            label="Id" value={id} placeholder={suggestedId} maxLength={40} autoComplete="off" fault={problem?.field("id") ?? takenFault} onChange={setId}
            help={id || suggestedId ? `As the API knows it: ${id || suggestedId}. It cannot be changed later.` : "Made from the name unless you give one."}
          />
        )}
        <fieldset>
          <legend>Quota</legend>
          <small>What its stores may have together, as their plans promise it. An empty field is no limit.</small>
          <div className="pair">
            {measures.map(({ name, label, help }) => (
              <Field
                key={name} label={label} value={quota[name]} autoComplete="off" fault={problem?.field(`quota.${name}`)} help={help}
                onChange={(text) => setQuota({ ...quota, [name]: text })}
              />
            ))}
          </div>
        </fieldset>
        {problem && !problem.document.errors && !takenFault && <ErrorNote problem={problem} />}
        <footer>
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="primary" disabled={isSending}>{account ? "Save" : "Open account"}</button>
        </footer>
      </form>
    </Dialog>
  );
}
