import { useCallback, useEffect, useState } from "react";
import type { Problem } from "../api/client";
import { follow, type Connection } from "../api/stream";
import type { Phase, Store } from "../api/types";
import { CreateStore } from "../components/CreateStore";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { OwnAccount } from "../components/OwnAccount";
import { PhaseBadge } from "../components/PhaseBadge";
import { ago } from "../model/time";
import { asProblem, useClient, useNow } from "../session";

const phases: (Phase | "")[] = ["", "pending", "provisioning", "ready", "degraded", "failed", "deleting", "deleted"];

export function StoreList({ onConnection }: { onConnection: (connection: Connection) => void }) {
  const client = useClient();
  const now = useNow();
  const [stores, setStores] = useState<Store[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isCreating, setCreating] = useState(false);
  const [phase, setPhase] = useState<Phase | "">("");
  const [text, setText] = useState("");

  const load = useCallback(
    async (cursor: string | null) => {
      const query = new URLSearchParams({ limit: "50" });
      if (phase) query.set("phase", phase);
      if (text.trim()) query.set("q", text.trim());
      if (cursor) query.set("cursor", cursor);
      try {
        const page = await client.stores(query);
        setStores((known) => (cursor ? [...(known ?? []), ...page.items] : page.items));
        setNext(page.next);
        setProblem(null);
      } catch (error) {
        setProblem(asProblem(error));
      }
    },
    [client, phase, text],
  );

  useEffect(() => {
    const timer = setTimeout(() => void load(null), text ? 200 : 0); // not for every letter
    return () => clearTimeout(timer);
  }, [load, text]);

  // Each event says which store has changed; that one is read again, and a new one brings the first page.
  useEffect(() => {
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function refresh() {
      timer = undefined;
      const ids = [...waiting];
      waiting.clear();
      if (ids.includes("")) return void load(null);
      const fresh = await Promise.all(ids.map((id) => client.store(id).catch(() => null)));
      setStores((known) => known && known.map((store) => fresh.find((other) => other?.id === store.id) ?? store).filter((store) => phase === "deleted" || store.phase !== "deleted"));
    }
    const stop = follow("/events", null, (event) => {
      waiting.add(event.type === "created" ? "" : event.storeId);
      timer ??= setTimeout(() => void refresh(), 100);
    }, onConnection);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, load, phase, onConnection]);

  const mayCreate = client.may("stores.create");
  const isFiltered = phase !== "" || text.trim() !== "";
  return (
    <main>
      <div className="bar">
        <h1>Stores</h1>
        {mayCreate && <button type="button" className="primary" onClick={() => setCreating(true)}>New store</button>}
      </div>
      {client.may("accounts.read") && !client.mayEverywhere("accounts.read") && <OwnAccount stores={stores?.length ?? 0} />}
      <div className="filters" role="search">
        <input type="search" placeholder="Search by name or address" aria-label="Search by name or address" value={text} onChange={(event) => setText(event.target.value)} />
        <select aria-label="Phase" value={phase} onChange={(event) => setPhase(event.target.value as Phase | "")}>
          {phases.map((phase) => <option key={phase} value={phase}>{phase === "" ? "Every phase" : phase}</option>)}
        </select>
      </div>
      {problem && <ErrorNote problem={problem} onRetry={() => void load(null)} />}
      {!stores && !problem && <div className="skeletons" aria-label="Loading"><div /><div /><div /></div>}
      {stores && stores.length === 0 && (
        <div className="empty">
          <h2>{isFiltered ? "No store fits" : "No stores yet"}</h2>
          <p>
            {isFiltered ? "Change the search or the phase."
              : mayCreate ? "Create the first: in less than a minute it can sell."
              : "They are shown here as soon as somebody creates one."}
          </p>
          {!isFiltered && mayCreate && <button type="button" className="primary" onClick={() => setCreating(true)}>Create a store</button>}
        </div>
      )}
      <ul className="stores" aria-live="polite">
        {stores?.map((store) => (
          <li key={store.id} className="card" data-store={store.id}>
            <div className="line">
              <Link to={`/stores/${store.id}`} className="name">{store.name}</Link>
              <PhaseBadge phase={store.phase} />
            </div>
            <p className="message">{store.message}</p>
            <p className="fine">
              {store.url && store.phase === "ready" ? <a href={store.url}>{store.url}</a> : store.slug} · {store.engine} · {store.plan} ·{" "}
              <time dateTime={store.createdAt} title={new Date(store.createdAt).toLocaleString()}>{ago(store.createdAt, now)}</time>
            </p>
          </li>
        ))}
      </ul>
      {next && <button type="button" className="more" onClick={() => void load(next)}>Load more</button>}
      {isCreating && <CreateStore onClose={() => setCreating(false)} />}
    </main>
  );
}
