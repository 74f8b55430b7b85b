import type { StoreEvent } from "../api/types";
import { ago } from "../model/time";
import { useNow } from "../session";

/** Everything that happened to a store, the newest first. */
export function Timeline({ events }: { events: StoreEvent[] }) {
  const now = useNow();
  return (
    <section aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <ol className="timeline" reversed>
        {[...events].reverse().map((event) => (
          <li key={event.seq} className={event.type} data-type={event.type}>
            <time dateTime={event.at} title={new Date(event.at).toLocaleString()}>{ago(event.at, now)}</time>
            <span>{event.message}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
