import { useState } from "react";
import { AccountForm } from "../components/AccountForm";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { QuotaUse } from "../components/QuotaUse";
import { usePages } from "../paging";
import { navigate } from "../router";
import { useClient } from "../session";

export function AccountList() {
  const client = useClient();
  const { items, next, problem, load } = usePages(client.accounts);
  const [isOpening, setOpening] = useState(false);
  return (
    <main>
      <div className="bar">
        <h1>Accounts</h1>
        {client.may("accounts.change") && <button type="button" className="primary" onClick={() => setOpening(true)}>New account</button>}
      </div>
      {!client.mayEverywhere("accounts.read") && <p className="message">Your role sees the account it belongs to, and no other.</p>}
      {problem && <ErrorNote problem={problem} onRetry={() => void load(null)} />}
      {!items && !problem && <div className="skeletons" aria-label="Loading"><div /><div /><div /></div>}
      {items && items.length === 0 && (
        <div className="empty">
          <h2>No accounts</h2>
          <p>An account is a merchant with its stores, its quota and its tokens.</p>
        </div>
      )}
      <ul className="stores">
        {items?.map((account) => (
          <li key={account.id} className="card" data-account={account.id}>
            <div className="line">
              <Link to={`/accounts/${account.id}`} className="name">{account.name}</Link>
              <code className="fine">{account.id}</code>
            </div>
            <QuotaUse account={account} />
          </li>
        ))}
      </ul>
      {next && <button type="button" className="more" onClick={() => void load(next)}>Load more</button>}
      {isOpening && <AccountForm onClose={() => setOpening(false)} onSaved={(account) => navigate(`/accounts/${account.id}`)} />}
    </main>
  );
}
