import { useState, type FormEvent } from "react";
import { Client, type Problem } from "../api/client";
import { asProblem } from "../session";
import { ErrorNote } from "../components/ErrorNote";
import { Field } from "../components/Field";

export function SignIn({ wasRefused, onSignIn }: { wasRefused: boolean; onSignIn: (token: string) => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);

  async function signIn(event: FormEvent) {
    event.preventDefault();
    try {
      await new Client(token.trim(), () => undefined).me();
      onSignIn(token.trim());
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <main className="sign-in">
      <form onSubmit={signIn}>
        <h1>Store Platform</h1>
        <p>Shops on Kubernetes, one request each.</p>
        {wasRefused && !problem && <p className="note" role="status">Your token is no longer valid. Sign in with another.</p>}
        <Field
          label="Token" type="password" autoFocus autoComplete="off" value={token} onChange={setToken}
          help={<><code>scripts/run</code> prints it; an administrator can give you one. It is kept until you close this tab.</>}
        />
        {problem && <ErrorNote problem={problem} />}
        <button type="submit" className="primary" disabled={token.trim() === ""}>Sign in</button>
      </form>
    </main>
  );
}
