import { useCallback, useEffect, useState } from "react";
import type { Problem } from "./api/client";
import { asProblem } from "./shop";

export interface Loaded<Value> {
  value: Value | null;
  problem: Problem | null;
  reload: () => void;
}

/** Loads when the page opens, when `load` changes, and when asked to; an answer that comes late changes nothing. */
export function useLoaded<Value>(load: () => Promise<Value>): Loaded<Value> {
  const [value, setValue] = useState<Value | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    setValue(null);
    setProblem(null);
    load().then(
      (value) => isCurrent && setValue(value),
      (error) => isCurrent && setProblem(asProblem(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [load, turn]);
  return { value, problem, reload: useCallback(() => setTurn((turn) => turn + 1), []) };
}
