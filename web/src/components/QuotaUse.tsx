import type { Account } from "../api/types";
import { measures, share } from "../model/quota";

/** What the stores of an account have together, and how much of its quota that is. */
export function QuotaUse({ account }: { account: Account }) {
  return (
    <dl className="use">
      {measures.map(({ name, label }) => {
        const used = account.used[name];
        const limit = account.quota[name];
        return (
          <div key={name} data-measure={name}>
            <dt>{label}</dt>
            <dd>
              {used} {limit === null ? <span className="fine">without limit</span> : `of ${limit}`}
              {limit !== null && <progress value={share(used, limit)} className={share(used, limit) === 1 ? "full" : ""} aria-hidden="true" />}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
