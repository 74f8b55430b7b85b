import { useCallback } from "react";
import { AddressText } from "../components/AddressText";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { Lines, Totals } from "../components/Summary";
import { useLoaded } from "../loading";
import { useShop } from "../shop";

/** The confirmation. It is read from the shop, so that it can be reloaded, kept and opened again. */
export function OrderPage({ id }: { id: string }) {
  const { client } = useShop();
  const { value: order, problem, reload } = useLoaded(useCallback(() => client.order(id), [client, id]));
  if (problem?.status === 404) return <div className="empty"><h1>There is no such order</h1><p>Check the address, or ask the shop.</p><Link to="/" className="button">To the products</Link></div>;
  if (problem) return <><h1>Your order cannot be shown just now</h1><p>It is safe: only showing it failed.</p><ErrorNote problem={problem} onRetry={reload} /></>;
  if (!order) return <div className="skeletons wide" role="status" aria-label="Loading your order"><div /><div /></div>;
  return (
    <>
      <div className="thanks">
        <svg viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="21" /><path d="m15 25 6 6 13-14" /></svg>
        <div>
          <h1>Thank you for your order</h1>
          <p>Order number <strong>{order.display_id}</strong>, <time dateTime={order.created_at}>{new Date(order.created_at).toLocaleDateString(undefined, { dateStyle: "long" })}</time>.</p>
        </div>
      </div>
      <div className="columns">
        <section className="panel" aria-label="Ordered"><Lines of={order} /><Totals of={order} hasShipping={order.shipping_methods.length > 0} /></section>
        <section className="panel" aria-label="Delivery and payment">
          <h2>Delivery</h2>
          {order.shipping_methods.map((method) => <p key={method.id}>{method.name}</p>)}
          {order.shipping_address && <AddressText address={order.shipping_address} email={order.email} />}
          <h2>Payment</h2>
          <p>By arrangement: the shop gets in touch with you.</p>
        </section>
      </div>
      <p><Link to="/" className="button">Go on shopping</Link></p>
    </>
  );
}
