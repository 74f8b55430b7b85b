import type { Product, Variant } from "../api/types";

/** More than this in one cart is a typing error, not a wish. */
export const mostOfOne = 99;
const few = 5;

/** How many of a variant may be bought. */
export function available(variant: Variant): number {
  if (!variant.manage_inventory || variant.allow_backorder) return mostOfOne;
  return Math.max(0, Math.min(variant.inventory_quantity ?? 0, mostOfOne));
}

export function stockText(variant: Variant): string {
  const count = available(variant);
  if (count === 0) return "Out of stock";
  if (count === mostOfOne || count > few) return "In stock";
  return count === 1 ? "Only one left" : `Only ${count} left`;
}

/** A product of which nothing can be bought, now or at this price. */
export function isSoldOut(product: Product): boolean {
  return (product.variants ?? []).every((variant) => available(variant) === 0);
}
