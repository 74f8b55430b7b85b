import assert from "node:assert/strict";
import test from "node:test";
import { EventParser } from "../src/api/sse";
import type { StoreEvent } from "../src/api/types";
import { suggestedSlug } from "../src/model/slug";
import { stagesOf } from "../src/model/stages";
import { ago, elapsed } from "../src/model/time";

test("events are read whole, wherever the stream is cut", () => {
  const text = 'retry: 1000\n\n: nothing new\n\nid: 7\r\ndata: {"a":\r\ndata: 1}\r\n\r\nid: 8\ndata: x\n\n';
  for (let cut = 0; cut <= text.length; cut++) {
    const seen: [string, string | null][] = [];
    const parser = new EventParser((data, id) => seen.push([data, id]));
    parser.push(text.slice(0, cut));
    parser.push(text.slice(cut));
    assert.deepEqual(seen, [['{"a":\n1}', "7"], ["x", "8"]]);
  }
});

test("an event that has not ended is not told", () => {
  const seen: string[] = [];
  new EventParser((data) => seen.push(data)).push("data: half\n");
  assert.deepEqual(seen, []);
});

test("a name suggests the address that the service would make of it", () => {
  for (const [name, slug] of [["Blue Teapots", "blue-teapots"], ["  Café  Crème ", "cafe-creme"], ["Straße 7", "strasse-7"], ["Ann's Shop", "anns-shop"],
    ["7 Seas", "shop-7-seas"], ["茶壺", ""]] as const) assert.equal(suggestedSlug(name), slug);
  assert.ok(suggestedSlug("long ".repeat(20)).length <= 40);
});

function event(type: string, stage: StoreEvent["stage"], message = "", phase: StoreEvent["phase"] = "provisioning"): StoreEvent {
  return { storeId: "s", seq: 0, at: "2026-01-01T00:00:00.000Z", type, stage, phase, reason: null, message };
}

test("stages show what is done, what is under way and what it waits for", () => {
  const stages = stagesOf([event("stage_started", "namespace"), event("stage_completed", "namespace"), event("stage_started", "database"),
    event("stage_waiting", "database", "Waiting for the database")]);
  assert.deepEqual(stages.map((stage) => stage.state).slice(0, 5), ["done", "waiting", "waiting", "waiting", "active"]);
  assert.equal(stages[4]?.message, "Waiting for the database");
});

test("a failure marks the stage that waited, and a retry takes it up again", () => {
  const events = [event("stage_started", "shop"), event("stage_waiting", "shop", "The image cannot be pulled"), event("phase_changed", null, "", "failed")];
  assert.equal(stagesOf(events)[6]?.state, "failed");
  assert.equal(stagesOf([...events, event("retry_requested", null)])[6]?.state, "active");
});

test("times are told as people tell them", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  assert.deepEqual(["2026-01-01T23:59:58Z", "2026-01-01T23:59:30Z", "2026-01-01T23:30:00Z", "2026-01-01T20:00:00Z", "2025-12-31T20:00:00Z"].map((at) => ago(at, now)),
    ["just now", "30 s ago", "30 min ago", "4 h ago", "1 day ago"]);
  assert.equal(elapsed("2026-01-01T23:57:55Z", now), "2 min 5 s");
});
