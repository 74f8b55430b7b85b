import type { AuditRecord, Choice, Login, Page, ProblemDocument, Resource, Store, StoreEvent } from "./types";

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

export class Client {
  constructor(
    readonly token: string,
    /** Called once a token is refused. */
    private readonly onUnauthorized: () => void,
  ) {}

  private async call<Answer>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return (await (await this.send(method, path, body, headers)).json()) as Answer;
  }

  private async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(`/api/v1${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      throw new Problem(unreachable);
    }
    if (answer.ok) return answer;
    if (answer.status === 401) this.onUnauthorized();
    throw await problemOf(answer);
  }

  me = () => this.call<{ name: string; role: string; account: string }>("GET", "/me");
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
  auditTable = async (query: URLSearchParams) => (await this.send("GET", `/audit.csv?${query}`)).blob();
  retry = (id: string) => this.call<Store>("POST", `/stores/${id}/retry`);
}
