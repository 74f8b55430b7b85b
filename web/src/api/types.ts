// The resources of the REST API, as it writes them.

export type Phase = "pending" | "provisioning" | "ready" | "degraded" | "failed" | "suspended" | "deleting" | "deleted";

export interface Store {
  id: string;
  name: string;
  slug: string;
  engine: string;
  plan: string;
  account: string;
  country: string;
  currency: string;
  catalogue: "sample" | "empty";
  phase: Phase;
  reason: string | null;
  message: string;
  url: string | null;
  createdAt: string;
  readyAt: string | null;
  updatedAt: string;
  version: number;
}

export type StageName = "namespace" | "limits" | "settings" | "storage" | "database" | "setup" | "shop" | "address";

export interface StoreEvent {
  storeId: string;
  seq: number;
  at: string;
  type: string;
  stage: StageName | null;
  phase: Phase;
  reason: string | null;
  message: string;
}

export interface Login {
  username: string;
  password: string;
  url: string;
}

export interface Resource {
  kind: string;
  name: string;
  stage: string | null;
  state: "ready" | "waiting" | "unwell";
  reason: string | null;
  message: string;
  createdAt: string | null;
}

/** What stores have together: processor in cores, memory and storage in bytes, as Kubernetes writes them: `500m`, `4Gi`. */
export interface Amounts {
  stores: number;
  cpu: string;
  memory: string;
  storage: string;
}

/** How much an account may have; null is without limit. */
export type Quota = { [Name in keyof Amounts]: Amounts[Name] | null };

export interface Account {
  id: string;
  name: string;
  quota: Quota;
  used: Amounts;
  createdAt: string;
  version: number;
}

export interface Token {
  id: string;
  account: string;
  role: string;
  name: string;
  createdAt: string;
  createdBy: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
}

export interface IssuedToken extends Token {
  /** What its holder signs in with; answered this once. */
  token: string;
}

export interface AuditRecord {
  number: number;
  at: string;
  actor: string;
  tokenId: string | null;
  role: string;
  account: string;
  remoteAddress: string;
  requestId: string;
  action: string;
  target: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  result: string;
  hash: string;
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Choice {
  id: string;
  name: string;
  description: string;
}

/** Who is signed in. The cookie that says so cannot be read; the proof goes with every change. */
export interface Session {
  name: string;
  role: string;
  account: string;
  permissions: string[];
  csrfToken: string;
}

export interface ProblemDocument {
  status: number;
  code: string;
  detail: string;
  requestId?: string;
  store?: string;
  errors?: { field: string; message: string }[];
}
