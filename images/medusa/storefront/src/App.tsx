import { useEffect, useMemo, useRef } from "react";
import { Client } from "./api/client";
import { Choose } from "./components/Choose";
import { ErrorNote } from "./components/ErrorNote";
import { Link } from "./components/Link";
import { loadConfig } from "./config";
import { useLoaded } from "./loading";
import { initialRegion } from "./model/region";
import { CartPage } from "./pages/CartPage";
import { Checkout } from "./pages/Checkout";
import { OrderPage } from "./pages/OrderPage";
import { ProductList } from "./pages/ProductList";
import { ProductPage } from "./pages/ProductPage";
import { useLocation } from "./router";
import { asProblem, savedRegion, ShopProvider, useCart } from "./shop";

async function open() {
  const config = await loadConfig();
  const client = new Client(config.backendUrl, config.publishableKey);
  return { config, client, regions: await client.regions() };
}

type Opened = Awaited<ReturnType<typeof open>>;

export function App() {
  const { value: opened, problem, reload } = useLoaded(open);
  if (problem) return <main className="page"><h1>This shop cannot be shown just now</h1><ErrorNote problem={problem} onRetry={reload} /></main>;
  if (!opened) return <main className="page" aria-busy="true"><h1 className="hidden">The shop is opening</h1><div className="skeletons"><div /><div /><div /></div></main>;
  const region = initialRegion(opened.regions, savedRegion(), navigator.languages);
  if (!region) return <main className="page"><h1>{opened.config.storeName}</h1><p>This shop does not sell anywhere yet: its owner has to add a region.</p></main>;
  return <Opened opened={opened} region={region} />;
}

function Opened({ opened: { config, client, regions }, region }: { opened: Opened; region: Opened["regions"][number] }) {
  const shop = useCart(config, client, regions, region);
  const url = useLocation();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const { say } = shop;

  // A screen reader hears nothing of a page that only script has changed: the focus goes where the new page begins.
  const place = url.pathname + url.search;
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [place]);

  const count = shop.cart?.items.reduce((sum, item) => sum + item.quantity, 0) ?? 0;
  return (
    <ShopProvider value={shop}>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>To the content</a>
      <header className="top">
        <Link to="/" className="brand">{config.storeName}</Link>
        <nav aria-label="Shop">
          {regions.length > 1 && (
            <Choose
              label="Deliver to" value={shop.region.id} choices={regions.map((region) => [region.id, `${region.name} (${region.currency_code.toUpperCase()})`])}
              onChange={(id) => {
                const chosen = regions.find((region) => region.id === id);
                if (chosen) shop.chooseRegion(chosen).catch((error) => say(`The region could not be changed: ${asProblem(error).message}`));
              }}
            />
          )}
          <Link to="/cart" className="cart" label={`Cart, ${count === 1 ? "one item" : `${count} items`}`}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 8h14l-1 12H6zM9 11V7a3 3 0 0 1 6 0v4" /></svg>
            Cart{count > 0 && <span className="count">{count}</span>}
          </Link>
        </nav>
      </header>
      <p className={shop.notice ? "notice" : "hidden"} role="status">
        {shop.notice}
        {shop.notice && <button type="button" className="quiet" aria-label="Dismiss" onClick={() => say("")}>×</button>}
      </p>
      <main className="page" id="main" ref={main} tabIndex={-1}><Routed url={url} name={config.storeName} /></main>
      <footer><p>{config.storeName}</p></footer>
    </ShopProvider>
  );
}

/** All pages on one screen. */
function Routed({ url, name }: { url: URL; name: string }) {
  const order = /^\/orders\/([\w-]+)$/.exec(url.pathname)?.[1];
  const handle = /^\/products\/([^/]+)$/.exec(url.pathname)?.[1];
  useTitle(url.pathname, name);
  if (url.pathname === "/") return <ProductList url={url} />;
  if (handle) return <ProductPage key={handle} handle={decoded(handle)} />;
  if (url.pathname === "/cart") return <CartPage />;
  if (url.pathname === "/checkout") return <Checkout />;
  if (order) return <OrderPage key={order} id={order} />;
  return <div className="empty"><h1>There is nothing here</h1><p>No page of this shop has this address.</p><Link to="/" className="button">To the products</Link></div>;
}

/** A stray % in an address must not take the page down. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const titles: Record<string, string> = { "/cart": "Cart", "/checkout": "Checkout" };

/** A product's page puts the product's name there itself. */
function useTitle(path: string, name: string): void {
  const title = useMemo(() => (path.startsWith("/orders/") ? "Your order" : titles[path]), [path]);
  useEffect(() => {
    document.title = title ? `${title} – ${name}` : name;
  }, [title, name]);
}
