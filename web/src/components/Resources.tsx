import { useCallback, useEffect, useState } from "react";
import type { Problem } from "../api/client";
import type { Resource, Store } from "../api/types";
import { asProblem, useClient } from "../session";
import { ErrorNote } from "./ErrorNote";

/** What runs in the store's namespace; read again whenever the store changes. */
export function Resources({ store }: { store: Store }) {
  const client = useClient();
  const [items, setItems] = useState<Resource[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(() => {
    client.resources(store.id).then(
      (answer) => {
        setItems(answer.items);
        setProblem(null);
      },
      (error) => setProblem(asProblem(error)),
    );
  }, [client, store.id]);
  useEffect(load, [load, store.version]);
  if (store.phase === "deleted") return null;
  return (
    <section aria-labelledby="resources-title">
      <h2 id="resources-title">In the cluster</h2>
      {problem && <ErrorNote problem={problem} onRetry={load} />}
      {items && items.length === 0 && <p className="fine">Nothing of it is in the cluster yet.</p>}
      {items && items.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-labelledby="resources-title">
          <table>
            <thead>
              <tr><th scope="col">Kind</th><th scope="col">Name</th><th scope="col">State</th><th scope="col">Why</th></tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <tr key={`${item.kind}/${item.name}`}>
                  <td>{item.kind}</td>
                  <td><code>{item.name}</code></td>
                  <td><span className={`dot ${item.state}`}>{item.state}</span></td>
                  <td>{item.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
