import { useCallback, useState } from "react";
import type { Account, Token } from "../api/types";
import { ago } from "../model/time";
import { stateOf } from "../model/token";
import { usePages } from "../paging";
import { useClient, useNow } from "../session";
import { Confirm } from "./Confirm";
import { ErrorNote } from "./ErrorNote";
import { IssueToken } from "./IssueToken";

/** The tokens of an account, newest first; those that have ended as well. */
export function Tokens({ account }: { account: Account }) {
  const client = useClient();
  const ask = useCallback((cursor: string | null) => client.tokens(account.id, cursor), [client, account.id]);
  const { items, setItems, next, problem, load } = usePages(ask);
  const [isIssuing, setIssuing] = useState(false);
  const [chosen, setChosen] = useState<Token | null>(null);

  async function revoke(token: Token) {
    const revoked = await client.revokeToken(token.id);
    setItems((known) => known?.map((other) => (other.id === revoked.id ? revoked : other)) ?? null);
    setChosen(null);
  }

  return (
    <section aria-labelledby="tokens-title">
      <div className="bar">
        <h2 id="tokens-title">Tokens</h2>
        {client.may("tokens.change") && <button type="button" className="primary" onClick={() => setIssuing(true)}>New token</button>}
      </div>
      {problem && <ErrorNote problem={problem} onRetry={() => void load(null)} />}
      {!items && !problem && <div className="skeletons" aria-label="Loading"><div /><div /></div>}
      {items && items.length === 0 && <p className="fine">There is none: nobody can sign in for this account.</p>}
      <ul className="stores">
        {items?.map((token) => <TokenCard key={token.id} token={token} onRevoke={client.may("tokens.change") ? setChosen : undefined} />)}
      </ul>
      {next && <button type="button" className="more" onClick={() => void load(next)}>Load more</button>}
      {isIssuing && <IssueToken account={account} onClose={() => { setIssuing(false); void load(null); }} />}
      {chosen && (
        <Confirm title={`Revoke “${chosen.name}”?`} verb="Revoke token" act={() => revoke(chosen)} onClose={() => setChosen(null)}>
          <p>Whoever uses it is refused within a second, in the sessions it has opened too. A revoked token cannot be used again; issue another instead.</p>
        </Confirm>
      )}
    </section>
  );
}

function TokenCard({ token, onRevoke }: { token: Token; onRevoke?: (token: Token) => void }) {
  const now = useNow();
  const state = stateOf(token, now);
  return (
    <li className="card" data-token={token.id}>
      <div className="line">
        <span className="name">{token.name}</span>
        <span className={`badge token-${state}`}>{state}</span>
        {state === "active" && onRevoke && <button type="button" onClick={() => onRevoke(token)} aria-label={`Revoke ${token.name}`}>Revoke</button>}
      </div>
      <p className="fine">
        {token.role} · key id <code>{token.id}</code> · issued <Moment at={token.createdAt} now={now} />{token.createdBy && ` by ${token.createdBy}`} ·{" "}
        {token.revokedAt ? <>revoked <Moment at={token.revokedAt} now={now} /></>
          : token.expiresAt ? <>{state === "expired" ? "ended" : "ends"} {new Date(token.expiresAt).toLocaleString()}</> : "without end"} ·{" "}
        {token.lastUsedAt ? <>last used <Moment at={token.lastUsedAt} now={now} /></> : "never used"}
      </p>
    </li>
  );
}

function Moment({ at, now }: { at: string; now: number }) {
  return <time dateTime={at} title={new Date(at).toLocaleString()}>{ago(at, now)}</time>;
}
