import type { Address, Cart, Completion, Order, Page, Product, Region, ShippingOption } from "./types";

/** Medusa's name for a payment that the merchant collects by hand. */
export const manualPayment = "pp_system_default";

/** Why a call gave nothing. `status` is 0 where no answer came at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Medusa's kind of error, for instance `not_found` or `invalid_data`. */
    readonly type = "",
    readonly code = "",
  ) {
    super(message);
  }

  /** The cart that was asked for is gone, or is an order already. */
  get isAboutLostCart(): boolean {
    return (this.status === 404 && /cart/i.test(this.message)) || (this.status === 400 && /already completed/i.test(this.message));
  }

  get isAboutStock(): boolean {
    return this.code === "insufficient_inventory" || /required inventory/i.test(this.message);
  }
}

const patience = 20_000;

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { message?: string; type?: string; code?: string };
    if (body.message) return new Problem(answer.status, body.message, body.type, body.code);
  } catch {
    // not an answer of Medusa's: a proxy's page
  }
  return new Problem(answer.status, `The shop answered with ${answer.status}.`);
}

// Prices and stock are not among a product's default fields.
const productFields = "*variants.calculated_price,+variants.inventory_quantity";

/** Where prices are for. The country is what taxes go by, so it is given where there is no doubt about it. */
function pricedFor(region: Region): Record<string, string> {
  const [country, ...others] = region.countries;
  return { region_id: region.id, fields: productFields, ...(country && others.length === 0 ? { country_code: country.iso_2 } : {}) };
}

export class Client {
  constructor(
    private readonly backend: string,
    private readonly publishableKey: string,
  ) {}

  private async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), patience);
    try {
      const answer = await fetch(`${this.backend}/store${path}`, {
        method,
        signal: stop.signal,
        headers: {
          "x-publishable-api-key": this.publishableKey,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      if (!answer.ok) throw await problemOf(answer);
      return (await answer.json()) as Answer;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(0, "The shop cannot be reached.");
    } finally {
      clearTimeout(timer);
    }
  }

  async regions(): Promise<Region[]> {
    return (await this.call<{ regions: Region[] }>("GET", "/regions?limit=100")).regions;
  }

  products(region: Region, offset: number, limit: number): Promise<Page> {
    const query = new URLSearchParams({ ...pricedFor(region), order: "-created_at", offset: `${offset}`, limit: `${limit}` });
    return this.call("GET", `/products?${query}`);
  }

  async product(handle: string, region: Region): Promise<Product | null> {
    const query = new URLSearchParams({ ...pricedFor(region), handle, limit: "1" });
    return (await this.call<Page>("GET", `/products?${query}`)).products[0] ?? null;
  }

  private async cartOf(method: string, path: string, body?: unknown): Promise<Cart> {
    return (await this.call<{ cart: Cart }>(method, path, body)).cart;
  }

  cart = (id: string) => this.cartOf("GET", `/carts/${encodeURIComponent(id)}`);
  createCart = (region: string) => this.cartOf("POST", "/carts", { region_id: region });
  moveCart = (id: string, region: string) => this.cartOf("POST", `/carts/${id}`, { region_id: region });
  addItem = (id: string, variant: string, quantity: number) => this.cartOf("POST", `/carts/${id}/line-items`, { variant_id: variant, quantity });
  changeItem = (id: string, item: string, quantity: number) => this.cartOf("POST", `/carts/${id}/line-items/${item}`, { quantity });

  async removeItem(id: string, item: string): Promise<Cart> {
    return (await this.call<{ parent: Cart }>("DELETE", `/carts/${id}/line-items/${item}`)).parent;
  }

  /** The merchant sends the bill where the goods go: one address serves as both. */
  sendTo = (id: string, email: string, address: Address) =>
    this.cartOf("POST", `/carts/${id}`, { email, shipping_address: address, billing_address: address });

  async shippingOptions(cart: string): Promise<ShippingOption[]> {
    const query = new URLSearchParams({ cart_id: cart });
    return (await this.call<{ shipping_options: ShippingOption[] }>("GET", `/shipping-options?${query}`)).shipping_options;
  }

  chooseShipping = (id: string, option: string) => this.cartOf("POST", `/carts/${id}/shipping-methods`, { option_id: option });

  /** Pays by the manual provider and completes. Medusa answers with the same order when a cart is completed twice. */
  async placeOrder(cart: string): Promise<Completion> {
    const { payment_collection: collection } = await this.call<{ payment_collection: { id: string } }>("POST", "/payment-collections", { cart_id: cart });
    await this.call("POST", `/payment-collections/${collection.id}/payment-sessions`, { provider_id: manualPayment });
    return this.call("POST", `/carts/${cart}/complete`);
  }

  async order(id: string): Promise<Order> {
    return (await this.call<{ order: Order }>("GET", `/orders/${encodeURIComponent(id)}`)).order;
  }
}
