import { useRef, useState, type FormEvent } from "react";
import type { Problem } from "../api/client";
import type { Cart } from "../api/types";
import { addressOf, faultsOf, formOf, type Form } from "../model/checkout";
import { asProblem, useShop } from "../shop";
import { Action } from "./Action";
import { Choose } from "./Choose";
import { ErrorNote } from "./ErrorNote";
import { Field } from "./Field";

export function AddressStep({ cart, onDone }: { cart: Cart; onDone: () => void }) {
  const { client, region, change } = useShop();
  const [form, setForm] = useState(() => formOf(cart, region.countries.map((country) => country.iso_2)));
  const [wasTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const element = useRef<HTMLFormElement>(null);
  const faults = wasTried ? faultsOf(form) : {};

  async function send(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    setTried(true);
    if (Object.keys(faultsOf(form)).length > 0) {
      setTimeout(() => element.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      if (await change((cart) => client.sendTo(cart.id, form.email.trim(), addressOf(form)))) onDone();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  const field = (name: keyof Form) => ({ value: form[name], fault: faults[name], onChange: (value: string) => setForm({ ...form, [name]: value }) });
  const choices = [...region.countries].sort((a, b) => a.display_name.localeCompare(b.display_name)).map(({ iso_2, display_name }): [string, string] => [iso_2, display_name]);
  return (
    <form ref={element} className="panel form" noValidate onSubmit={(event) => void send(event)}>
      <h2>Where may we send it?</h2>
      {Object.keys(faults).length > 0 && <p className="fault" role="alert">Please look at the marked fields.</p>}
      <Field label="E-mail" type="email" autoComplete="email" inputMode="email" {...field("email")} />
      <div className="two">
        <Field label="First name" autoComplete="given-name" {...field("firstName")} />
        <Field label="Last name" autoComplete="family-name" {...field("lastName")} />
      </div>
      <Field label="Street and house number" autoComplete="address-line1" {...field("street")} />
      <Field label="Flat, floor or company" autoComplete="address-line2" isOptional {...field("extra")} />
      <div className="two narrow">
        <Field label="Postal code" autoComplete="postal-code" {...field("postalCode")} />
        <Field label="Town or city" autoComplete="address-level2" {...field("city")} />
      </div>
      <div className="two">
        <Field label="State or province" autoComplete="address-level1" isOptional {...field("province")} />
        <Choose label="Country" autoComplete="country" nothing="Choose …" choices={choices} {...field("country")} />
      </div>
      <Field label="Telephone" type="tel" autoComplete="tel" isOptional {...field("phone")} />
      {problem && <ErrorNote problem={problem} />}
      <Action isBusy={isBusy}>To the delivery</Action>
    </form>
  );
}
