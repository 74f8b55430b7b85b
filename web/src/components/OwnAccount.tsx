import { useEffect, useState } from "react";
import type { Account } from "../api/types";
import { useClient } from "../session";
import { Link } from "./Link";
import { QuotaUse } from "./QuotaUse";

/** The account of who is signed in, for those who see no other; read again when it has more stores or fewer. */
export function OwnAccount({ stores }: { stores: number }) {
  const client = useClient();
  const [account, setAccount] = useState<Account | null>(null);
  useEffect(() => {
    client.account(client.session.account).then(setAccount, () => setAccount(null)); // the list says what is wrong
  }, [client, stores]);
  if (!account) return null;
  return (
    <section className="card" aria-label="Your account">
      <Link to={`/accounts/${account.id}`} className="name">{account.name}</Link>
      <QuotaUse account={account} />
    </section>
  );
}
