import type { Price as Amounts } from "../api/types";
import { formerly, money, payable } from "../model/money";

export function Price({ price, isFrom }: { price: Amounts | undefined; isFrom?: boolean }) {
  const now = payable(price);
  if (now === null || !price?.currency_code) return <span className="price fine">Not for sale in this region</span>;
  const before = formerly(price);
  return (
    <span className="price">
      {isFrom && <span className="fine">from </span>}
      {before !== null && <><span className="hidden">before </span><s className="fine">{money(before, price.currency_code)}</s><span className="hidden">, now</span> </>}
      {money(now, price.currency_code)}
    </span>
  );
}
