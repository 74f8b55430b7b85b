import { useCallback, useMemo, useState } from "react";
import { Client } from "./api/client";
import type { Connection } from "./api/stream";
import { Link } from "./components/Link";
import { AuditPage } from "./pages/AuditPage";
import { SignIn } from "./pages/SignIn";
import { StoreList } from "./pages/StoreList";
import { StorePage } from "./pages/StorePage";
import { usePath } from "./router";
import { ClientContext } from "./session";

const tokenKey = "store-platform.token";

export function App() {
  const [token, setToken] = useState(() => sessionStorage.getItem(tokenKey));
  const [wasRefused, setRefused] = useState(false);
  const [connection, setConnection] = useState<Connection>("connecting");
  const path = usePath();

  const signOut = useCallback((refused: boolean) => {
    sessionStorage.removeItem(tokenKey);
    setRefused(refused);
    setToken(null);
  }, []);
  const client = useMemo(() => (token ? new Client(token, () => signOut(true)) : null), [token, signOut]);

  if (!client) {
    return (
      <SignIn wasRefused={wasRefused} onSignIn={(token) => {
        sessionStorage.setItem(tokenKey, token);
        setRefused(false);
        setToken(token);
      }} />
    );
  }
  const id = /^\/stores\/([a-z2-9]+)$/.exec(path)?.[1];
  return (
    <ClientContext.Provider value={client}>
      <header className="top">
        <Link to="/" className="brand">Store Platform</Link>
        <nav aria-label="Pages"><Link to="/">Stores</Link> <Link to="/audit">Audit</Link></nav>
        <button type="button" className="quiet" onClick={() => signOut(false)}>Sign out</button>
      </header>
      {connection === "lost" && <p className="banner" role="status">The connection is lost; what you see may be old. Reconnecting …</p>}
      {id ? <StorePage key={id} id={id} onConnection={setConnection} />
        : path === "/audit" ? <AuditPage />
        : path === "/" ? <StoreList onConnection={setConnection} />
        : <main className="empty"><h1>Nothing here</h1><p>There is no page at this address. <Link to="/">To the stores</Link></p></main>}
    </ClientContext.Provider>
  );
}
