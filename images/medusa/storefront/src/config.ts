import { Problem } from "./api/client";

/** What differs from shop to shop. It is read when the page opens, so that one image serves every shop. */
export interface Config {
  storeName: string;
  /** Where Medusa answers; empty for the shop's own address. */
  backendUrl: string;
  publishableKey: string;
}

/** Medusa's publishable keys; an answer that is none is a proxy's page, or the key has not been mounted. */
export const keyPattern = /^pk_[0-9a-f]{64}$/;

export function configOf(settings: unknown, key: string): Config {
  const { storeName, backendUrl } = (settings ?? {}) as Record<string, unknown>;
  if (typeof storeName !== "string" || !storeName.trim()) throw new Problem(0, "The shop's settings do not name it.");
  if (backendUrl !== undefined && typeof backendUrl !== "string") throw new Problem(0, "The shop's settings have no usable backendUrl.");
  if (!keyPattern.test(key.trim())) throw new Problem(0, "The shop's publishable key is missing or malformed.");
  return { storeName: storeName.trim(), backendUrl: (backendUrl ?? "").replace(/\/+$/, ""), publishableKey: key.trim() };
}

export async function loadConfig(): Promise<Config> {
  try {
    const [settings, key] = await Promise.all([fetch("/config.json"), fetch("/publishable-key")]);
    if (!settings.ok || !key.ok) throw new Problem(settings.ok ? key.status : settings.status, "The shop's settings cannot be read.");
    return configOf(await settings.json(), await key.text());
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(0, "The shop's settings cannot be read.");
  }
}
