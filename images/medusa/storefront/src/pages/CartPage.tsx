import { useState } from "react";
import type { Problem } from "../api/client";
import type { LineItem } from "../api/types";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { Picture } from "../components/Picture";
import { Quantity } from "../components/Quantity";
import { Totals } from "../components/Summary";
import { money } from "../model/money";
import { mostOfOne } from "../model/stock";
import { variantText } from "../model/variants";
import { asProblem, useShop } from "../shop";

export function CartPage() {
  const { cart, isLoadingCart, cartProblem, reloadCart } = useShop();
  if (cartProblem) return <><h1>Cart</h1><ErrorNote problem={cartProblem} onRetry={reloadCart} /></>;
  if (isLoadingCart) return <><h1>Cart</h1><div className="skeletons wide" role="status" aria-label="Loading the cart"><div /><div /></div></>;
  if (!cart || cart.items.length === 0) {
    return <div className="empty"><Picture url={null} alt="" /><h1>Your cart is empty</h1><p>What you add to it stays here until you order.</p><Link to="/" className="button">To the products</Link></div>;
  }
  const items = [...cart.items].sort((a, b) => a.created_at.localeCompare(b.created_at)); // Medusa gives them in no order
  return (
    <>
      <h1>Cart</h1>
      <div className="columns">
        <ul className="lines">{items.map((item) => <Line key={item.id} item={item} currency={cart.currency_code} />)}</ul>
        <section className="panel" aria-label="Total">
          <Totals of={cart} hasShipping={cart.shipping_methods.length > 0} />
          {cart.shipping_methods.length === 0 && <p className="fine">Delivery is added in the next step.</p>}
          <Link to="/checkout" className="button primary">Check out</Link>
        </section>
      </div>
    </>
  );
}

function Line({ item, currency }: { item: LineItem; currency: string }) {
  const { client, change } = useShop();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const title = item.product_title ?? item.title;

  async function run(what: Parameters<typeof change>[0]) {
    setBusy(true);
    setProblem(null);
    try {
      await change(what);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  return (
    <li aria-busy={isBusy}>
      <Picture url={item.thumbnail} alt="" />
      <div>
        {item.product_handle ? <Link to={`/products/${encodeURIComponent(item.product_handle)}`}>{title}</Link> : <strong>{title}</strong>}
        <p className="fine">{variantText(item.variant_title)}{money(item.unit_price, currency)} each</p>
        <div className="change">
          <Quantity label={`Quantity of ${title}`} value={item.quantity} most={mostOfOne} isBusy={isBusy} onChange={(quantity) => void run((cart) => client.changeItem(cart.id, item.id, quantity))} />
          <button type="button" className="quiet" aria-disabled={isBusy} aria-label={`Remove ${title}`} onClick={() => !isBusy && void run((cart) => client.removeItem(cart.id, item.id))}>Remove</button>
        </div>
        {problem && (problem.isAboutStock ? <p className="fault" role="alert">There are not so many left.</p> : <ErrorNote problem={problem} />)}
      </div>
      <span className="price">{money(item.unit_price * item.quantity, currency)}</span>
    </li>
  );
}
