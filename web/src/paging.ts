import { useCallback, useEffect, useState } from "react";
import type { Problem } from "./api/client";
import type { Page } from "./api/types";
import { asProblem } from "./session";

/** A list that comes in pages: the first by itself, and anew when `ask` is another function; those behind it when `load` is told where they begin. */
export function usePages<Item>(ask: (cursor: string | null) => Promise<Page<Item>>) {
  const [items, setItems] = useState<Item[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  const load = useCallback(
    async (cursor: string | null) => {
      try {
        const page = await ask(cursor);
        setItems((known) => (cursor ? [...(known ?? []), ...page.items] : page.items));
        setNext(page.next);
        setProblem(null);
      } catch (error) {
        setProblem(asProblem(error));
      }
    },
    [ask],
  );
  useEffect(() => void load(null), [load]);
  return { items, setItems, next, problem, setProblem, load };
}
