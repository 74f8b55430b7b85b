import { useCallback, useState, type FormEvent } from "react";
import type { Problem } from "../api/client";
import type { Cart } from "../api/types";
import { useLoaded } from "../loading";
import { money } from "../model/money";
import { asProblem, useShop } from "../shop";
import { Action } from "./Action";
import { ErrorNote } from "./ErrorNote";

export function DeliveryStep({ cart, onDone }: { cart: Cart; onDone: () => void }) {
  const { client, change } = useShop();
  const { value: options, problem, reload } = useLoaded(useCallback(() => client.shippingOptions(cart.id), [client, cart.id]));
  const [wish, setWish] = useState(cart.shipping_methods[0]?.shipping_option_id);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Problem | null>(null);
  const chosen = options?.find((option) => option.id === wish) ?? options?.[0];

  async function send(event: FormEvent) {
    event.preventDefault();
    if (!chosen || isBusy) return;
    setBusy(true);
    setFault(null);
    try {
      if (await change((cart) => client.chooseShipping(cart.id, chosen.id))) onDone();
    } catch (error) {
      setFault(asProblem(error));
    }
    setBusy(false);
  }

  if (problem) return <ErrorNote problem={problem} onRetry={reload} />;
  if (!options) return <div className="skeletons wide" role="status" aria-label="Loading the ways of delivery"><div /></div>;
  if (options.length === 0) return <p className="note error" role="alert">Nothing can be delivered to this address yet. Give another, or ask the shop.</p>;
  return (
    <form className="panel form" onSubmit={(event) => void send(event)}>
      <fieldset className="deliveries">
        <legend>How may we send it?</legend>
        {options.map((option) => (
          <label key={option.id}>
            <input type="radio" name="delivery" checked={option === chosen} onChange={() => setWish(option.id)} />
            <span>{option.name}</span>
            <span>{option.amount === undefined ? "" : option.amount === 0 ? "Free" : money(option.amount, cart.currency_code)}</span>
          </label>
        ))}
      </fieldset>
      {fault && <ErrorNote problem={fault} />}
      <Action isBusy={isBusy}>To the payment</Action>
    </form>
  );
}
