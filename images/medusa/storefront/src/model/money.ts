import type { Price, Variant } from "../api/types";

/** Medusa 2 gives amounts in major units: nothing is divided by a hundred, and a yen stays a yen. */
export function money(amount: number, currency: string, locale?: string): string {
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency: currency.toUpperCase() }).format(amount);
  } catch {
    return `${amount} ${currency.toUpperCase()}`; // a currency code that Intl refuses
  }
}

/** What the buyer pays for one: with tax where the region's taxes are known. */
export function payable(price: Price | undefined): number | null {
  return price?.calculated_amount_with_tax ?? price?.calculated_amount ?? null;
}

/** The price before a reduction, if there is one. */
export function formerly(price: Price | undefined): number | null {
  const now = payable(price);
  const before = price?.original_amount_with_tax ?? price?.original_amount ?? null;
  return now !== null && before !== null && before > now ? before : null;
}

/** The lowest price among the variants, and whether another costs more. */
export function lowest(variants: Variant[]): { price: Price; isFrom: boolean } | null {
  const priced = variants.flatMap((variant) => (variant.calculated_price && payable(variant.calculated_price) !== null ? [variant.calculated_price] : []));
  const [first, ...others] = priced.sort((a, b) => (payable(a) ?? 0) - (payable(b) ?? 0));
  if (!first) return null;
  return { price: first, isFrom: others.some((other) => payable(other) !== payable(first)) };
}
