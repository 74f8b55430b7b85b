import { useCallback, useEffect, useState, type FormEvent } from "react";
import type { Problem } from "../api/client";
import { follow, type Connection } from "../api/stream";
import type { Store, StoreEvent } from "../api/types";
import { DeleteStore } from "../components/DeleteStore";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { PhaseBadge } from "../components/PhaseBadge";
import { Resources } from "../components/Resources";
import { Stages } from "../components/Stages";
import { StoreLogin } from "../components/StoreLogin";
import { Timeline } from "../components/Timeline";
import { asProblem, useClient } from "../session";

export function StorePage({ id, onConnection }: { id: string; onConnection: (connection: Connection) => void }) {
  const client = useClient();
  const [store, setStore] = useState<Store | null>(null);
  const [events, setEvents] = useState<StoreEvent[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isDeleting, setDeleting] = useState(false);
  const [isShowingLogin, setShowingLogin] = useState(false);
  const [newName, setNewName] = useState<string | null>(null);

  const load = useCallback(() => {
    client.store(id).then(setStore, (error) => setProblem(asProblem(error)));
  }, [client, id]);

  useEffect(() => {
    load();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = follow(`/stores/${id}/events`, "0", (event) => {
      setEvents((known) => (known.some((other) => other.seq === event.seq) ? known : [...known, event]));
      timer ??= setTimeout(() => {
        timer = undefined;
        load();
      }, 50);
    }, onConnection);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, id, load, onConnection]);

  async function change(action: () => Promise<Store>) {
    try {
      setStore(await action());
      setProblem(null);
      setNewName(null);
    } catch (error) {
      setProblem(asProblem(error));
      load();
    }
  }

  function rename(event: FormEvent) {
    event.preventDefault();
    if (store && newName !== null) void change(() => client.rename(store, newName));
  }

  const isGoing = store?.phase === "deleting" || store?.phase === "deleted";
  return (
    <main>
      <p className="back"><Link to="/">← Stores</Link></p>
      {problem && <ErrorNote problem={problem} />}
      {!store && !problem && <div className="skeletons" aria-label="Loading"><div /><div /></div>}
      {store && (
        <>
          <header className="store">
            {newName === null ? (
              <h1>{store.name}</h1>
            ) : (
              <form onSubmit={rename} className="rename">
                <input autoFocus aria-label="New name" value={newName} maxLength={63} onChange={(event) => setNewName(event.target.value)} />
                <button type="submit" className="primary">Save</button>
                <button type="button" onClick={() => setNewName(null)}>Cancel</button>
              </form>
            )}
            <PhaseBadge phase={store.phase} />
          </header>
          <p className="message" role="status">{store.phase === "deleted" ? "This store was removed. Its timeline stays." : store.message}</p>
          {store.url && !isGoing && <p><a href={store.url} className="address">{store.url}</a></p>}
          <p className="fine">{store.engine} · {store.plan} · {store.country} · {store.currency} · <code>{store.id}</code></p>
          {!isGoing && (
            <div className="actions">
              {newName === null && client.may("stores.change") && <button type="button" onClick={() => setNewName(store.name)}>Rename</button>}
              {(store.phase === "ready" || store.phase === "degraded") && client.may("stores.sign-in") && (
                <button type="button" onClick={() => setShowingLogin(true)}>Login …</button>
              )}
              {(store.phase === "failed" || store.phase === "degraded") && client.may("stores.change") && (
                <button type="button" className="primary" onClick={() => void change(() => client.retry(id))}>Retry</button>
              )}
              {client.may("stores.delete") && <button type="button" className="danger" onClick={() => setDeleting(true)}>Delete</button>}
            </div>
          )}
          <Stages store={store} events={events} />
          <Timeline events={events} />
          <Resources store={store} />
          {isShowingLogin && <StoreLogin store={store} onClose={() => setShowingLogin(false)} />}
          {isDeleting && (
            <DeleteStore store={store} onClose={() => setDeleting(false)} onDeleted={(gone) => { setStore(gone); setDeleting(false); }} />
          )}
        </>
      )}
    </main>
  );
}
