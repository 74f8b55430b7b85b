import type { Token } from "../api/types";

export type TokenState = "active" | "expired" | "revoked";

export function stateOf(token: Pick<Token, "revokedAt" | "expiresAt">, now: number): TokenState {
  if (token.revokedAt !== null) return "revoked";
  return token.expiresAt !== null && Date.parse(token.expiresAt) <= now ? "expired" : "active";
}
