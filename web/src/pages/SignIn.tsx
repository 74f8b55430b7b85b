import { useState, type FormEvent } from "react";
import { openSession, type Problem } from "../api/client";
import type { Session } from "../api/types";
import { asProblem } from "../session";
import { ErrorNote } from "../components/ErrorNote";
import { Field } from "../components/Field";

export function SignIn({ wasRefused, onSignIn }: { wasRefused: boolean; onSignIn: (session: Session) => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);

  async function signIn(token: string | null, event?: FormEvent) {
    event?.preventDefault();
    try {
      onSignIn(await openSession(token));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <main className="sign-in">
      <form onSubmit={(event) => void signIn(token.trim(), event)}>
        <h1>Store Platform</h1>
        <p>Shops on Kubernetes, one request each.</p>
        {wasRefused && !problem && <p className="note" role="status">Your token is no longer valid. Sign in with another.</p>}
        <Field
          label="Token" type="password" autoFocus autoComplete="off" value={token} onChange={setToken}
          help={<><code>scripts/run</code> prints it; an administrator can give you one. It is sent once and not kept.</>}
        />
        {problem && <ErrorNote problem={problem} />}
        <button type="submit" className="primary" disabled={token.trim() === ""}>Sign in</button>
        <button type="button" className="quiet" onClick={() => void signIn(null)}>My organisation signs me in</button>
      </form>
    </main>
  );
}
