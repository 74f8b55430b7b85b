import type { Address, Cart } from "../api/types";

/** The address form, as typed. */
export interface Form {
  email: string;
  firstName: string;
  lastName: string;
  street: string;
  extra: string;
  postalCode: string;
  city: string;
  province: string;
  country: string;
  phone: string;
}

export type Faults = Partial<Record<keyof Form, string>>;

const required: [keyof Form, string][] = [
  ["firstName", "Enter a first name."],
  ["lastName", "Enter a last name."],
  ["street", "Enter the street and house number."],
  ["postalCode", "Enter the postal code."],
  ["city", "Enter the town or city."],
  ["country", "Choose a country."],
];

/** What has to be mended before the form can be sent. Medusa itself checks no more than the e-mail's form. */
export function faultsOf(form: Form): Faults {
  const faults: Faults = {};
  if (!form.email.trim()) faults.email = "Enter an e-mail address: the confirmation goes there.";
  else if (!/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(form.email.trim())) faults.email = "This is not an e-mail address. One looks like name@example.com.";
  for (const [field, text] of required) if (!form[field].trim()) faults[field] = text;
  if (form.phone.trim() && !/^\+?[0-9 ()/.-]{5,}$/.test(form.phone.trim())) faults.phone = "A telephone number has digits, spaces and + ( ) / . - only.";
  return faults;
}

export function addressOf(form: Form): Address {
  const orNothing = (text: string) => text.trim() || null;
  return {
    first_name: form.firstName.trim(),
    last_name: form.lastName.trim(),
    address_1: form.street.trim(),
    address_2: orNothing(form.extra),
    postal_code: form.postalCode.trim(),
    city: form.city.trim(),
    province: orNothing(form.province),
    country_code: form.country,
    phone: orNothing(form.phone),
  };
}

/** The form as the cart has it; a region with one country leaves no choice. */
export function formOf(cart: Cart, countries: string[]): Form {
  const address = cart.shipping_address;
  const country = address?.country_code ?? "";
  return {
    email: cart.email ?? "",
    firstName: address?.first_name ?? "",
    lastName: address?.last_name ?? "",
    street: address?.address_1 ?? "",
    extra: address?.address_2 ?? "",
    postalCode: address?.postal_code ?? "",
    city: address?.city ?? "",
    province: address?.province ?? "",
    country: countries.includes(country) ? country : countries.length === 1 ? (countries[0] ?? "") : "",
    phone: address?.phone ?? "",
  };
}

export type Step = "address" | "delivery" | "payment";
export const steps: Step[] = ["address", "delivery", "payment"];

/** How far a cart has come: the page may be reloaded at any point. */
export function stepOf(cart: Cart): Step {
  if (!cart.email || !cart.shipping_address?.address_1) return "address";
  return cart.shipping_methods.length === 0 ? "delivery" : "payment";
}
