import { useCallback, useEffect, useState } from "react";
import type { Problem } from "../api/client";
import type { Account } from "../api/types";
import { AccountForm } from "../components/AccountForm";
import { Confirm } from "../components/Confirm";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { QuotaUse } from "../components/QuotaUse";
import { Tokens } from "../components/Tokens";
import { navigate } from "../router";
import { asProblem, useClient } from "../session";

export function AccountPage({ id }: { id: string }) {
  const client = useClient();
  const [account, setAccount] = useState<Account | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [dialog, setDialog] = useState<"change" | "close" | null>(null);

  const load = useCallback(() => {
    client.account(id).then(
      (account) => {
        setAccount(account);
        setProblem(null);
      },
      (error) => setProblem(asProblem(error)),
    );
  }, [client, id]);
  useEffect(load, [load]);

  /** Reads it again: a change may have been refused because somebody else was faster. */
  function dismiss() {
    setDialog(null);
    load();
  }

  return (
    <main>
      <p className="back">{client.mayEverywhere("accounts.read") ? <Link to="/accounts">← Accounts</Link> : <Link to="/">← Stores</Link>}</p>
      {problem && <ErrorNote problem={problem} onRetry={load} />}
      {!account && !problem && <div className="skeletons" aria-label="Loading"><div /><div /></div>}
      {account && (
        <>
          <h1>{account.name}</h1>
          <p className="fine">
            <code>{account.id}</code> · opened <time dateTime={account.createdAt}>{new Date(account.createdAt).toLocaleString()}</time>
          </p>
          {client.may("accounts.change") && (
            <div className="actions">
              <button type="button" onClick={() => setDialog("change")}>Change</button>
              <button type="button" className="danger" onClick={() => setDialog("close")}>Close account</button>
            </div>
          )}
          <h2>Quota</h2>
          <div className="card"><QuotaUse account={account} /></div>
          {client.may("tokens.read") ? <Tokens account={account} /> : <p className="fine">Your role does not see the tokens of the account.</p>}
          {dialog === "change" && (
            <AccountForm account={account} onClose={dismiss} onSaved={(changed) => { setAccount(changed); setDialog(null); }} />
          )}
          {dialog === "close" && (
            <Confirm
              title={`Close “${account.name}”?`} verb="Close account" onClose={dismiss}
              act={async () => { await client.closeAccount(account.id); navigate("/accounts"); }}
            >
              <p>Its tokens end within a second, and nobody can sign in for it any more. It cannot be opened again, and its id <code>{account.id}</code> is not given again.</p>
              <p>An account that still has stores is not closed, for nobody would be left to answer for them: delete its stores first.</p>
            </Confirm>
          )}
        </>
      )}
    </main>
  );
}
