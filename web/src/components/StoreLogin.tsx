import { useState } from "react";
import type { Problem } from "../api/client";
import type { Login, Store } from "../api/types";
import { asProblem, useClient } from "../session";
import { Copy } from "./Copy";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";

/** The shop's administrator login: asked for when somebody wants to see it, and gone with the dialog. */
export function StoreLogin({ store, onClose }: { store: Store; onClose: () => void }) {
  const client = useClient();
  const [login, setLogin] = useState<Login | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isAsking, setAsking] = useState(false);

  async function ask() {
    setAsking(true);
    setProblem(null);
    try {
      setLogin(await client.credentials(store.id));
    } catch (error) {
      setProblem(asProblem(error));
    }
    setAsking(false);
  }

  return (
    <Dialog title="Administrator login" onClose={onClose}>
      {login ? (
        <dl className="login">
          <dt>Where</dt>
          <dd><a href={login.url}>{login.url}</a></dd>
          <dt>User</dt>
          <dd><code>{login.username}</code> <Copy what="user" text={login.username} /></dd>
          <dt>Password</dt>
          <dd><code>{login.password}</code> <Copy what="password" text={login.password} /></dd>
        </dl>
      ) : (
        <p>The login of the shop's administrator is shown here and nowhere else. That you asked for it is recorded. A password that was changed in the shop is not known here.</p>
      )}
      {problem && <ErrorNote problem={problem} />}
      <footer>
        <button type="button" onClick={onClose}>{login ? "Done" : "Cancel"}</button>
        {!login && <button type="button" className="primary" disabled={isAsking} onClick={() => void ask()}>{isAsking ? "Reading …" : "Show login"}</button>}
      </footer>
    </Dialog>
  );
}
