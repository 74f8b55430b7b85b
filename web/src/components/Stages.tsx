import type { Store, StoreEvent } from "../api/types";
import { stagesOf, type StageState } from "../model/stages";
import { elapsed } from "../model/time";
import { useNow } from "../session";

const words: Record<StageState, string> = { waiting: "to come", active: "under way", done: "done", failed: "failed" };

/** How far the making of a store is: what is done, what is under way and what it waits for. */
export function Stages({ store, events }: { store: Store; events: StoreEvent[] }) {
  const now = useNow();
  const stages = stagesOf(events);
  if (stages.every((stage) => stage.startedAt === null)) return null;
  return (
    <section aria-labelledby="stages-title">
      <h2 id="stages-title">Progress</h2>
      <ol className="stages">
        {stages.map((stage) => (
          <li key={stage.name} className={`stage ${stage.state}`}>
            <span className="mark" aria-hidden="true" />
            <span className="title">{stage.title}</span>
            <span className="state">
              {words[stage.state]}
              {stage.startedAt && (stage.doneAt || (stage.state === "active" && store.phase === "provisioning"))
                ? ` · ${elapsed(stage.startedAt, stage.doneAt ? Date.parse(stage.doneAt) : now)}`
                : ""}
            </span>
            {stage.message && <span className="message">{stage.message}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
