import { useEffect, useState, type FormEvent } from "react";
import { Problem, type Order } from "../api/client";
import type { Choice } from "../api/types";
import { countries, countryName, currencies, currencyOf } from "../model/countries";
import { isRefusal, takenBefore } from "../model/order";
import { suggestedSlug } from "../model/slug";
import { navigate } from "../router";
import { asProblem, useClient } from "../session";
import { Choices } from "./Choices";
import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";
import { Field } from "./Field";
import { Select } from "./Select";

const catalogues: Choice[] = [
  { id: "sample", name: "Three sample products", description: "With pictures, so that the shop can be looked at. Delete them when you like." },
  { id: "empty", name: "Empty catalogue", description: "Nothing is for sale until you add it." },
];

export function CreateStore({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const [key] = useState(() => crypto.randomUUID());
  const [engines, setEngines] = useState<Choice[]>([]);
  const [plans, setPlans] = useState<Choice[]>([]);
  const [order, setOrder] = useState<Order>({ name: "", engine: "woocommerce", plan: "small", country: "US", currency: "USD", catalogue: "sample" });
  const [attempt, setAttempt] = useState(0);
  const [slug, setSlug] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSending, setSending] = useState(false);

  useEffect(() => {
    Promise.all([client.engines(), client.plans()]).then(
      ([engines, plans]) => {
        setEngines(engines.items);
        setPlans(plans.items);
      },
      (error) => setProblem(asProblem(error)),
    );
  }, [client]);

  async function send(event: FormEvent) {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    try {
      // A refused order may be changed and sent again: that is another request, so it has another key. One of which nobody knows keeps its key.
      const store = await client.create({ ...order, ...(slug ? { slug } : {}) }, `${key}-${attempt}`);
      navigate(`/stores/${store.id}`);
    } catch (error) {
      const { document } = asProblem(error);
      if (isRefusal(document.status)) setAttempt(attempt + 1);
      setProblem(new Problem(document.code === "idempotency_key_reused" ? { ...document, detail: takenBefore } : document));
      setSending(false);
    }
  }

  const nameFault = problem?.field("name");
  const slugFault = problem?.field("slug") ?? (problem?.document.code === "address_taken" ? problem.document.detail : undefined);
  const address = slug || suggestedSlug(order.name);
  return (
    <Dialog title="New store" onClose={onClose}>
      <form onSubmit={send} noValidate>
        <Field
          label="Name" autoFocus value={order.name} maxLength={63} fault={nameFault} help="As customers read it. It can be changed later."
          onChange={(name) => setOrder({ ...order, name })}
        />
        <Field
          label="Address" value={slug} placeholder={suggestedSlug(order.name)} maxLength={40} fault={slugFault} onChange={setSlug}
          help={address ? `The first part of its web address: ${address}. It cannot be changed later.` : "Made from the name unless you give one."}
        />
        <Choices legend="Engine" name="engine" items={engines} value={order.engine} onChange={(engine) => setOrder({ ...order, engine })} />
        <Choices legend="Plan" name="plan" items={plans} value={order.plan} onChange={(plan) => setOrder({ ...order, plan })} />
        <div className="pair">
          <Select
            label="Country" value={order.country ?? ""} fault={problem?.field("country")} help="Where you sell from."
            onChange={(country) => setOrder({ ...order, country, currency: currencyOf(country) ?? order.currency })}
          >
            {countries.map(({ code }) => <option key={code} value={code}>{countryName(code)}</option>)}
          </Select>
          <Select
            label="Currency" value={order.currency ?? ""} fault={problem?.field("currency")} help="What prices are in."
            onChange={(currency) => setOrder({ ...order, currency })}
          >
            {currencies.map((code) => <option key={code} value={code}>{code}</option>)}
          </Select>
        </div>
        <Choices
          legend="Catalogue" name="catalogue" items={catalogues} value={order.catalogue ?? "sample"}
          onChange={(catalogue) => setOrder({ ...order, catalogue: catalogue === "empty" ? "empty" : "sample" })}
        />
        {problem && !nameFault && !slugFault && <ErrorNote problem={problem} />}
        <footer>
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="primary" disabled={isSending}>{isSending ? "Ordering …" : "Create store"}</button>
        </footer>
      </form>
    </Dialog>
  );
}
