import { EventParser } from "./sse";
import type { StoreEvent } from "./types";

export type Connection = "connecting" | "live" | "lost";

/**
 * Follows events until it is stopped, whatever happens to the connection; goes on where it was.
 * `fetch` rather than EventSource, which does not say why it was refused.
 */
export function follow(
  path: string,
  lastId: string | null,
  onEvent: (event: StoreEvent) => void,
  onConnection: (connection: Connection) => void,
): () => void {
  const stop = new AbortController();
  let last = lastId;
  let failures = 0;

  async function read(): Promise<boolean> {
    const answer = await fetch(`/api/v1${path}`, {
      headers: { Accept: "text/event-stream", ...(last === null ? {} : { "Last-Event-ID": last }) },
      signal: stop.signal,
    });
    if (answer.status === 401 || answer.status === 404) return false;
    if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
    failures = 0;
    onConnection("live");
    const parser = new EventParser((data, id) => {
      last = id ?? last;
      onEvent(JSON.parse(data) as StoreEvent);
    });
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      parser.push(decoder.decode(value, { stream: true }));
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        if (!(await read())) return;
      } catch {
        if (stop.signal.aborted) return;
        failures += 1;
        onConnection("lost");
      }
      const ceiling = Math.min(10_000, 250 * 2 ** Math.min(failures, 6));
      await new Promise((resolve) => setTimeout(resolve, ceiling * (0.5 + Math.random() / 2)));
    }
  }

  onConnection("connecting");
  void run();
  return () => stop.abort();
}
