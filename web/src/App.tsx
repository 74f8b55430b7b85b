import { useCallback, useEffect, useMemo, useState } from "react";
import { Client, presentSession, Problem } from "./api/client";
import type { Connection } from "./api/stream";
import type { Session } from "./api/types";
import { ErrorNote } from "./components/ErrorNote";
import { Link } from "./components/Link";
import { AccountList } from "./pages/AccountList";
import { AccountPage } from "./pages/AccountPage";
import { AuditPage } from "./pages/AuditPage";
import { SignIn } from "./pages/SignIn";
import { StoreList } from "./pages/StoreList";
import { StorePage } from "./pages/StorePage";
import { usePath } from "./router";
import { asProblem, ClientContext } from "./session";

// That there is a session, not what it is: the cookie cannot be read.
const signedInKey = "store-platform.signed-in";

export function App() {
  const [session, setSession] = useState<Session | null>(null);
  const [isLooking, setLooking] = useState(() => localStorage.getItem(signedInKey) !== null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [wasRefused, setRefused] = useState(false);
  const [connection, setConnection] = useState<Connection>("connecting");
  const path = usePath();

  const end = useCallback((refused: boolean) => {
    localStorage.removeItem(signedInKey);
    setRefused(refused);
    setSession(null);
    setLooking(false);
  }, []);
  const client = useMemo(() => (session ? new Client(session, () => end(true)) : null), [session, end]);

  const look = useCallback(() => {
    setProblem(null);
    presentSession().then(setSession, (error) => {
      const problem = asProblem(error);
      if (problem.document.status === 401) end(true);
      else setProblem(problem);
    });
  }, [end]);
  useEffect(() => {
    if (isLooking) look();
  }, [isLooking, look]);

  async function signOut() {
    try {
      await client?.signOut();
      end(false);
    } catch (error) {
      setProblem(asProblem(error)); // it goes on: to say it had ended would be untrue
    }
  }

  if (!client) {
    if (isLooking) {
      return <main>{problem ? <ErrorNote problem={problem} onRetry={look} /> : <div className="skeletons" aria-label="Loading"><div /><div /></div>}</main>;
    }
    return (
      <SignIn wasRefused={wasRefused} onSignIn={(session) => {
        localStorage.setItem(signedInKey, "yes");
        setRefused(false);
        setSession(session);
      }} />
    );
  }
  const id = /^\/stores\/([a-z2-9]+)$/.exec(path)?.[1];
  const account = /^\/accounts\/([a-z0-9-]+)$/.exec(path)?.[1];
  return (
    <ClientContext.Provider value={client}>
      <header className="top">
        <Link to="/" className="brand">Store Platform</Link>
        <nav aria-label="Pages">
          <Link to="/">Stores</Link>
          {client.mayEverywhere("accounts.read") && <Link to="/accounts">Accounts</Link>}
          {client.may("audit.read") && <Link to="/audit">Audit</Link>}
        </nav>
        <button type="button" className="quiet" onClick={() => void signOut()}>Sign out</button>
      </header>
      {connection === "lost" && <p className="banner" role="status">The connection is lost; what you see may be old. Reconnecting …</p>}
      {problem && <main><ErrorNote problem={problem} /></main>}
      {id ? <StorePage key={id} id={id} onConnection={setConnection} />
        : account ? <AccountPage key={account} id={account} />
        : path === "/accounts" ? <AccountList />
        : path === "/audit" ? <AuditPage />
        : path === "/" ? <StoreList onConnection={setConnection} />
        : <main className="empty"><h1>Nothing here</h1><p>There is no page at this address. <Link to="/">To the stores</Link></p></main>}
    </ClientContext.Provider>
  );
}
