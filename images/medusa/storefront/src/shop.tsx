import { createContext, useCallback, useContext, useEffect, useState } from "react";
import { Problem, type Client } from "./api/client";
import type { Cart, Region } from "./api/types";
import type { Config } from "./config";

const cartKey = "storefront.cart";
const regionKey = "storefront.region";

/** The browser may refuse to keep anything: the shop then works until the page is closed. */
function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // the visitor's choice
  }
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export const savedRegion = () => kept(regionKey);

export interface Shop {
  config: Config;
  client: Client;
  regions: Region[];
  region: Region;
  cart: Cart | null;
  isLoadingCart: boolean;
  cartProblem: Problem | null;
  reloadCart: () => void;
  /** Said once, to everybody: what was added, or what became of an earlier cart. */
  notice: string;
  say: (notice: string) => void;
  chooseRegion: (region: Region) => Promise<void>;
  /** Makes a cart if there is none, and says what was added. */
  add: (variant: string, quantity: number, title: string) => Promise<void>;
  /** Runs a change of the cart. False where the cart turned out to be gone: the visitor has been told. */
  change: (run: (cart: Cart) => Promise<Cart>) => Promise<boolean>;
  forgetCart: () => void;
}

const ShopContext = createContext<Shop | null>(null);
export const ShopProvider = ShopContext.Provider;

export function useShop(): Shop {
  const shop = useContext(ShopContext);
  if (!shop) throw new Error("used outside of a shop");
  return shop;
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, "Something unexpected happened on this page. Reload it.");
}

const lost = "Your earlier cart has expired or has been ordered already, so this is a new one.";

/** The cart, its region and what may be done with them. */
export function useCart(config: Config, client: Client, regions: Region[], initial: Region): Shop {
  const [region, setRegion] = useState(initial);
  const [cart, setCart] = useState<Cart | null>(null);
  const [isLoadingCart, setLoading] = useState(() => kept(cartKey) !== null);
  const [cartProblem, setProblem] = useState<Problem | null>(null);
  const [notice, setNotice] = useState("");

  const take = useCallback((fresh: Cart) => {
    keep(cartKey, fresh.id);
    setCart(fresh);
  }, []);
  const forgetCart = useCallback(() => {
    keep(cartKey, null);
    setCart(null);
  }, []);

  const reloadCart = useCallback(async () => {
    const id = kept(cartKey);
    if (!id) return setLoading(false);
    setLoading(true);
    setProblem(null);
    try {
      const found = await client.cart(id);
      if (found.completed_at) return forgetCart(); // ordered, perhaps on another page
      setCart(found);
      const its = regions.find((region) => region.id === found.region_id);
      if (its) setRegion(its);
    } catch (error) {
      const problem = asProblem(error);
      if (!problem.isAboutLostCart) return setProblem(problem);
      forgetCart();
      setNotice(lost);
    } finally {
      setLoading(false);
    }
  }, [client, regions, forgetCart]);
  useEffect(() => void reloadCart(), [reloadCart]);

  async function add(variant: string, quantity: number, title: string) {
    try {
      take(await client.addItem((cart ?? (await client.createCart(region.id))).id, variant, quantity));
      setNotice(`${title} is in your cart.`);
    } catch (error) {
      if (!cart || !asProblem(error).isAboutLostCart) throw error;
      forgetCart();
      take(await client.addItem((await client.createCart(region.id)).id, variant, quantity));
      setNotice(`${lost} ${title} is in it.`);
    }
  }

  async function change(run: (cart: Cart) => Promise<Cart>): Promise<boolean> {
    if (!cart) return false;
    try {
      take(await run(cart));
      return true;
    } catch (error) {
      if (!asProblem(error).isAboutLostCart) throw error;
      forgetCart();
      setNotice(lost);
      return false;
    }
  }

  async function chooseRegion(chosen: Region) {
    if (cart) await change((cart) => client.moveCart(cart.id, chosen.id));
    keep(regionKey, chosen.id);
    setRegion(chosen);
  }

  return {
    config, client, regions, region, cart, isLoadingCart, cartProblem, reloadCart: () => void reloadCart(),
    notice, say: setNotice, chooseRegion, add, change, forgetCart,
  };
}
