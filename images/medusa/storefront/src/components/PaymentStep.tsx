import { useState } from "react";
import { Problem } from "../api/client";
import type { Cart } from "../api/types";
import { money } from "../model/money";
import { navigate } from "../router";
import { asProblem, useShop } from "../shop";
import { Action } from "./Action";
import { AddressText } from "./AddressText";
import { ErrorNote } from "./ErrorNote";
import { Link } from "./Link";

export function PaymentStep({ cart }: { cart: Cart }) {
  const { client, forgetCart, say } = useShop();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function order() {
    setBusy(true);
    setProblem(null);
    try {
      const outcome = await client.placeOrder(cart.id);
      if (outcome.type !== "order") throw new Problem(402, `The payment was not accepted: ${outcome.error.message}`);
      say("");
      navigate(`/orders/${outcome.order.id}`, "replace"); // going back must not show a checkout without a cart
      forgetCart();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  }

  return (
    <div className="panel form">
      <h2>Look it over and order</h2>
      {cart.shipping_address && <AddressText address={cart.shipping_address} email={cart.email ?? ""} />}
      <p className="payment"><strong>Payment by arrangement.</strong> Nothing is charged now; the shop gets in touch with you about the payment.</p>
      {problem && (problem.isAboutStock
        ? <p className="note error" role="alert">Something in your cart has been sold meanwhile. <Link to="/cart">Change the cart</Link> and order again.</p>
        : problem.isAboutLostCart
          ? <p className="note error" role="alert">This cart has been ordered already, or has expired. <Link to="/">To the products</Link></p>
          : <ErrorNote problem={problem} />)}
      <Action isBusy={isBusy} busy="Ordering …" onClick={() => void order()}>Order for {money(cart.total, cart.currency_code)}</Action>
    </div>
  );
}
