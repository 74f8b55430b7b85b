import type { StageName, StoreEvent } from "../api/types";

export type StageState = "waiting" | "active" | "done" | "failed";

export interface Stage {
  name: StageName;
  title: string;
  state: StageState;
  /** What it waits for, or what went wrong. */
  message: string;
  startedAt: string | null;
  doneAt: string | null;
}

const titles: [StageName, string][] = [
  ["namespace", "Namespace"],
  ["limits", "Limits"],
  ["settings", "Settings"],
  ["storage", "Storage"],
  ["database", "Database"],
  ["setup", "Set-up"],
  ["shop", "Shop"],
  ["address", "Address"],
];

/** How far each stage is, by what its events say; a new attempt begins afresh. */
export function stagesOf(events: StoreEvent[]): Stage[] {
  const stages = new Map<StageName, Stage>(
    titles.map(([name, title]) => [name, { name, title, state: "waiting", message: "", startedAt: null, doneAt: null }]),
  );
  for (const event of events) {
    if (event.type === "retry_requested") {
      for (const stage of stages.values()) if (stage.state === "failed") Object.assign(stage, { state: "active", message: "" });
    }
    if (event.type === "phase_changed" && event.phase === "failed") {
      for (const stage of stages.values()) if (stage.state === "active" && stage.message) stage.state = "failed";
    }
    const stage = event.stage && stages.get(event.stage);
    if (!stage) continue;
    stage.startedAt ??= event.at;
    if (event.type === "stage_completed") Object.assign(stage, { state: "done", message: "", doneAt: event.at });
    else if (event.type === "warning") Object.assign(stage, { state: "failed", message: event.message });
    else Object.assign(stage, { state: "active", message: event.type === "stage_waiting" || event.type === "setup_step" ? event.message : stage.message });
  }
  return [...stages.values()];
}
