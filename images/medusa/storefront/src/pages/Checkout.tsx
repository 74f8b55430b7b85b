import { useState } from "react";
import { AddressStep } from "../components/AddressStep";
import { DeliveryStep } from "../components/DeliveryStep";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { PaymentStep } from "../components/PaymentStep";
import { Lines, Totals } from "../components/Summary";
import { steps, stepOf, type Step } from "../model/checkout";
import { useShop } from "../shop";

const names: Record<Step, string> = { address: "Address", delivery: "Delivery", payment: "Payment" };

/** Three steps. Which is next is read from the cart; an earlier one may be opened again. */
export function Checkout() {
  const { cart, isLoadingCart, cartProblem, reloadCart } = useShop();
  const [opened, setOpened] = useState<Step | null>(null);
  if (cartProblem) return <><h1>Checkout</h1><ErrorNote problem={cartProblem} onRetry={reloadCart} /></>;
  if (isLoadingCart) return <><h1>Checkout</h1><div className="skeletons wide" role="status" aria-label="Loading the cart"><div /><div /></div></>;
  if (!cart || cart.items.length === 0) {
    return <div className="empty"><h1>There is nothing to order</h1><p>Your cart is empty.</p><Link to="/" className="button">To the products</Link></div>;
  }
  const reached = stepOf(cart);
  const step = opened && steps.indexOf(opened) < steps.indexOf(reached) ? opened : reached;
  const done = () => setOpened(null);
  return (
    <>
      <h1>Checkout</h1>
      <ol className="steps">
        {steps.map((other) => (
          <li key={other} aria-current={other === step ? "step" : undefined}>
            {other !== step && steps.indexOf(other) < steps.indexOf(reached)
              ? <button type="button" className="quiet" onClick={() => setOpened(other)}>{names[other]}<span className="hidden"> (change)</span></button>
              : <span>{names[other]}</span>}
          </li>
        ))}
      </ol>
      <div className="columns">
        <section aria-label={names[step]}>
          {step === "address" && <AddressStep cart={cart} onDone={done} />}
          {step === "delivery" && <DeliveryStep cart={cart} onDone={done} />}
          {step === "payment" && <PaymentStep cart={cart} />}
        </section>
        <section className="panel" aria-label="What you order">
          <Lines of={cart} />
          <Totals of={cart} hasShipping={cart.shipping_methods.length > 0} />
          <Link to="/cart">Change the cart</Link>
        </section>
      </div>
    </>
  );
}
