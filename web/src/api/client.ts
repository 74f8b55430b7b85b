import { roles } from "../model/roles";
import type { Account, AuditRecord, Choice, IssuedToken, Login, Page, ProblemDocument, Resource, Session, Store, StoreEvent, Token } from "./types";

/** What the service answered where it refused, or that it did not answer. */
export class Problem extends Error {
  constructor(readonly document: ProblemDocument) {
    super(document.detail);
  }

  /** What is wrong with a field of the request. */
  field(name: string): string | undefined {
    return this.document.errors?.find((error) => error.field === name)?.message;
  }
}

export async function problemOf(answer: Response): Promise<Problem> {
  const fallback = { status: answer.status, code: "unknown", detail: `The service answered ${answer.status}. Try again in a moment.` };
  try {
    return new Problem({ ...fallback, ...((await answer.json()) as ProblemDocument) });
  } catch {
    return new Problem(fallback); // not a document of ours: a proxy's page
  }
}

const unreachable: ProblemDocument = {
  status: 0,
  code: "unreachable",
  detail: "The service cannot be reached. Check your connection; nothing you entered is lost.",
};

export interface Order {
  name: string;
  engine: string;
  plan: string;
  slug?: string;
  country?: string;
  currency?: string;
  catalogue?: "sample" | "empty";
}

export interface AccountOrder {
  id?: string;
  name: string;
  quota: Record<string, string | number | null>;
}

export interface TokenOrder {
  account: string;
  role: string;
  name: string;
  expiresAt?: string;
}

/** An answer of success; anything else is thrown. */
async function ask(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(unreachable);
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function document<Answer>(answer: Response): Promise<Answer> {
  return (answer.status === 204 ? null : await answer.json()) as Answer;
}

/** Opens a session: the token is sent this once and kept nowhere. Without one, a proxy in front of the service says who it is. */
export const openSession = (token: string | null) => 
  ask("POST", "/session", token === null ? {} : { Authorization: `Bearer ${token}` }).then(document<Session>);

/** The session that the browser's cookie stands for; a new one where the cookie has lapsed and a proxy alone says who it is, which proves no change. */
export async function presentSession(): Promise<Session> {
  const present = await document<Session | { csrfToken: null }>(await ask("GET", "/session", {}));
  return present.csrfToken === null ? openSession(null) : present;
}

export class Client {
  constructor(
    readonly session: Session,
    /** Called once the session is refused. */
    private readonly onUnauthorized: () => void,
  ) {}

  private async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    try {
      return await ask(method, path, { "X-CSRF-Token": this.session.csrfToken, ...headers }, body);
    } catch (error) {
      if (error instanceof Problem && error.document.status === 401) this.onUnauthorized();
      throw error;
    }
  }

  private async call<Answer>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return document<Answer>(await this.ask(method, path, body, headers));
  }

  may = (permission: string) => this.session.permissions.includes(permission);
  /** Not for its own account alone. */
  mayEverywhere = (permission: string) => this.may(permission) && roles.some((role) => role.id === this.session.role && role.reach === "everywhere");
  signOut = () => this.call<null>("DELETE", "/session");
  engines = () => this.call<{ items: Choice[] }>("GET", "/engines");
  plans = () => this.call<{ items: Choice[] }>("GET", "/plans");
  stores = (query: URLSearchParams) => this.call<Page<Store>>("GET", `/stores?${query}`);
  store = (id: string) => this.call<Store>("GET", `/stores/${id}`);
  resources = (id: string) => this.call<{ items: Resource[] }>("GET", `/stores/${id}/resources`);
  events = (id: string) => this.call<Page<StoreEvent>>("GET", `/stores/${id}/events?limit=200`);
  create = (order: Order, key: string) => this.call<Store>("POST", "/stores", order, { "Idempotency-Key": key });
  rename = (store: Store, name: string) => this.call<Store>("PATCH", `/stores/${store.id}`, { name }, { "If-Match": `"${store.version}"` });
  remove = (id: string) => this.call<Store>("DELETE", `/stores/${id}`);
  credentials = (id: string) => this.call<Login>("POST", `/stores/${id}/credentials`);
  audit = (query: URLSearchParams) => this.call<Page<AuditRecord>>("GET", `/audit?${query}`);
  auditTable = async (query: URLSearchParams) => (await this.ask("GET", `/audit.csv?${query}`)).blob();
  retry = (id: string) => this.call<Store>("POST", `/stores/${id}/retry`);
  accounts = (cursor: string | null) => this.call<Page<Account>>("GET", `/accounts?${new URLSearchParams(cursor ? { cursor } : {})}`);
  account = (id: string) => this.call<Account>("GET", `/accounts/${id}`);
  openAccount = (order: AccountOrder) => this.call<Account>("POST", "/accounts", order);
  changeAccount = (account: Account, order: AccountOrder) => this.call<Account>("PATCH", `/accounts/${account.id}`, order, { "If-Match": `"${account.version}"` });
  closeAccount = (id: string) => this.call<null>("DELETE", `/accounts/${id}`);
  tokens = (account: string, cursor: string | null) => this.call<Page<Token>>("GET", `/tokens?${new URLSearchParams({ account, ...(cursor ? { cursor } : {}) })}`);
  issueToken = (order: TokenOrder) => this.call<IssuedToken>("POST", "/tokens", order);
  revokeToken = (id: string) => this.call<Token>("DELETE", `/tokens/${id}`);
}
