import type { Cart, Order } from "../api/types";
import { money } from "../model/money";
import { variantText } from "../model/variants";
import { Picture } from "./Picture";

/** The totals of a cart or an order. Shipping stands there once it is chosen. */
export function Totals({ of, hasShipping }: { of: Cart | Order; hasShipping: boolean }) {
  const rows: [string, number][] = [["Goods", of.item_subtotal]];
  if (of.discount_subtotal > 0) rows.push(["Discount", -of.discount_subtotal]);
  if (hasShipping) rows.push(["Delivery", of.shipping_subtotal]);
  if (of.tax_total > 0) rows.push(["Tax", of.tax_total]);
  return (
    <dl className="totals">
      {rows.map(([name, amount]) => <div key={name}><dt>{name}</dt><dd>{money(amount, of.currency_code)}</dd></div>)}
      <div className="total"><dt>Total</dt><dd>{money(of.total, of.currency_code)}</dd></div>
    </dl>
  );
}

/** What was, or is to be, bought; without anything to change. */
export function Lines({ of }: { of: Cart | Order }) {
  return (
    <ul className="lines small">
      {of.items.map((item) => (
        <li key={item.id}>
          <Picture url={item.thumbnail} alt="" />
          <div>
            <strong>{item.product_title ?? item.title}</strong>
            <p className="fine">{variantText(item.variant_title)}{item.quantity} × {money(item.unit_price, of.currency_code)}</p>
          </div>
          <span>{money(item.unit_price * item.quantity, of.currency_code)}</span>
        </li>
      ))}
    </ul>
  );
}
