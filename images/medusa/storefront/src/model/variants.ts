import type { Product, Variant } from "../api/types";
import { available } from "./stock";

/** What has been chosen: option id → value. */
export type Choice = Record<string, string>;

export function choiceOf(variant: Variant): Choice {
  return Object.fromEntries(variant.options.map((option) => [option.option_id, option.value]));
}

/** The first that can be bought, else the first. */
export function initialChoice(product: Product): Choice {
  const variants = product.variants ?? [];
  const first = variants.find((variant) => available(variant) > 0) ?? variants[0];
  return first ? choiceOf(first) : {};
}

export function chosen(product: Product, choice: Choice): Variant | null {
  const options = product.options ?? [];
  return (product.variants ?? []).find((variant) => {
    const has = choiceOf(variant);
    return options.every((option) => has[option.id] === choice[option.id]);
  }) ?? null;
}

/** Whether anything can be bought with this value, the other choices as they are. */
export function leadsSomewhere(product: Product, choice: Choice, option: string, value: string): boolean {
  const variant = chosen(product, { ...choice, [option]: value });
  return variant !== null && available(variant) > 0;
}

/** Medusa gives a product without options one that says nothing. */
export function offersChoice(product: Product): boolean {
  return (product.variants ?? []).length > 1;
}

/** Goes before a price. Medusa names a variant that is the only one "Default variant": that says nothing to a buyer. */
export function variantText(title: string | null): string {
  return title && !/^default\b/i.test(title) ? `${title} · ` : "";
}
