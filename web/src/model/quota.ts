import type { Quota } from "../api/types";

type Measure = keyof Quota;

export const measures: { name: Measure; label: string; help: string }[] = [
  { name: "stores", label: "Stores", help: "How many at a time." },
  { name: "cpu", label: "CPU", help: "In cores, or as 500m." },
  { name: "memory", label: "Memory", help: "In Gi, or as 512Mi." },
  { name: "storage", label: "Storage", help: "In Gi, or as 1Ti." },
];

/** Room for five stores of the plan “medium”. */
export const suggestedQuota: Quota = { stores: 5, cpu: "2", memory: "4Gi", storage: "50Gi" };

const factors: Record<string, number> = { m: 1e-3, "": 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function amount(text: string | number): number {
  const [, digits, unit] = /^(\d+)(\w*)$/.exec(String(text)) ?? [];
  return Number(digits) * (factors[unit ?? ""] ?? NaN);
}

/** How much of a limit is used, from 0 to 1, both as the service writes them. */
export function share(used: string | number, limit: string | number): number {
  const whole = amount(limit);
  return whole === 0 ? 1 : Math.min(1, amount(used) / whole);
}

/** A quota as it is filled in: what is empty is without limit. */
export function written(quota: Quota): Record<Measure, string> {
  const text = (limit: string | number | null) => (limit === null ? "" : String(limit));
  return { stores: text(quota.stores), cpu: text(quota.cpu), memory: text(quota.memory), storage: text(quota.storage) };
}

/** What was filled in, for the service; what is no amount goes to it as it is, for it says what is wrong. */
export function wanted(filled: Record<Measure, string>): Record<Measure, string | number | null> {
  const stores = filled.stores.trim();
  return {
    stores: /^\d+$/.test(stores) ? Number(stores) : stores || null,
    cpu: filled.cpu.trim() || null,
    memory: inGi(filled.memory.trim()),
    storage: inGi(filled.storage.trim()),
  };
}

/** To the service a number without a unit is bytes, which nobody means. */
function inGi(text: string): string | null {
  return /^[\d.]+$/.test(text) ? `${text}Gi` : text || null;
}
