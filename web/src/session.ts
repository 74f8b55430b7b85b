import { createContext, useContext, useEffect, useState } from "react";
import { Client, Problem } from "./api/client";

export const ClientContext = createContext<Client | null>(null);

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("used outside of a session");
  return client;
}

/** The present moment, renewed each second: for what shows how long ago something was. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ status: 0, code: "unexpected", detail: "Something unexpected happened in the dashboard. Reload the page." });
}
