import assert from "node:assert/strict";
import test from "node:test";
import { EventParser } from "../src/api/sse";
import type { StoreEvent } from "../src/api/types";
import access from "../../docs/access.md";
import { isRefusal } from "../src/model/order";
import { share, wanted, written } from "../src/model/quota";
import { roles } from "../src/model/roles";
import { suggestedSlug } from "../src/model/slug";
import { stagesOf } from "../src/model/stages";
import { ago, elapsed, endOf } from "../src/model/time";
import { stateOf } from "../src/model/token";

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

test("only a refusal makes of the next order another one", () => {
  assert.deepEqual([0, 400, 401, 409, 422, 429, 500, 502, 503, 504].filter(isRefusal), [400, 401, 409, 422]);
});

test("times are told as people tell them", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  assert.deepEqual(["2026-01-01T23:59:58Z", "2026-01-01T23:59:30Z", "2026-01-01T23:30:00Z", "2026-01-01T20:00:00Z", "2025-12-31T20:00:00Z"].map((at) => ago(at, now)),
    ["just now", "30 s ago", "30 min ago", "4 h ago", "1 day ago"]);
  assert.equal(elapsed("2026-01-01T23:57:55Z", now), "2 min 5 s");
});

test("a day is over when the next begins, in the time zone of the browser", () => {
  assert.equal(endOf("2027-01-31"), new Date(2027, 1, 1).toISOString());
  assert.equal(endOf("2027-12-31"), new Date(2028, 0, 1).toISOString());
});

test("a token is active until it ends or is revoked", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  const [before, after] = ["2026-01-01T23:59:59.999Z", "2026-01-02T00:00:00.001Z"];
  assert.equal(stateOf({ revokedAt: null, expiresAt: null }, now), "active");
  assert.equal(stateOf({ revokedAt: null, expiresAt: after }, now), "active");
  assert.equal(stateOf({ revokedAt: null, expiresAt: before }, now), "expired");
  assert.equal(stateOf({ revokedAt: before, expiresAt: before }, now), "revoked");
});

test("a share of a limit is told in whatever units both are written", () => {
  for (const [used, limit, whole] of [[1, 4, 0.25], ["500m", "2", 0.25], ["512Mi", "2Gi", 0.25], ["1Gi", "1Ti", 1 / 1024], ["0", "4Gi", 0], [3, 2, 1], [0, 0, 1]] as const) {
    assert.equal(share(used, limit), whole, `${used} of ${limit}`);
  }
});

test("a quota is filled in as people write it, and what is no amount is left to the service", () => {
  const quota = { stores: 5, cpu: "500m", memory: null, storage: "20Gi" };
  assert.deepEqual(written(quota), { stores: "5", cpu: "500m", memory: "", storage: "20Gi" });
  assert.deepEqual(wanted(written(quota)), quota);
  assert.deepEqual(wanted({ stores: " ", cpu: " 2 ", memory: "4", storage: "1.5" }), { stores: null, cpu: "2", memory: "4Gi", storage: "1.5Gi" });
  assert.deepEqual(wanted({ stores: "-1", cpu: "many", memory: "4 Gi", storage: "-1" }), { stores: "-1", cpu: "many", memory: "4 Gi", storage: "-1" });
});

test("roles are told as docs/access.md tells them", () => {
  const told = [...access.matchAll(/^\* `(\w+)`: (.+)$/gm)].map(([, id, description]) => ({ id, description }));
  assert.deepEqual(roles.map(({ id, description }) => ({ id, description })), told);
  const cells = (start: string) => access.split("\n").find((line) => line.startsWith(start))?.split("|").map((cell) => cell.trim()) ?? [];
  const [head, reach] = [cells("| may …"), cells("| see accounts")];
  assert.deepEqual(new Map(roles.map((role) => [role.id, role.reach])), new Map(roles.map((role) => [role.id, reach[head.indexOf(`\`${role.id}\``)]])));
});
