// What the storefront reads of Medusa's Store API (2.13.3). Amounts are in major units: 19.5 is nineteen and a half euros.

export interface Country {
  iso_2: string;
  display_name: string;
}

export interface Region {
  id: string;
  name: string;
  currency_code: string;
  countries: Country[];
}

export interface Price {
  calculated_amount: number | null;
  original_amount: number | null;
  currency_code: string | null;
  /** Present where the region's taxes are known. */
  calculated_amount_with_tax?: number;
  original_amount_with_tax?: number;
}

export interface OptionValue {
  option_id: string;
  value: string;
}

export interface Variant {
  id: string;
  title: string;
  sku: string | null;
  manage_inventory: boolean;
  allow_backorder: boolean;
  inventory_quantity?: number;
  options: OptionValue[];
  calculated_price?: Price;
}

export interface ProductOption {
  id: string;
  title: string;
  values: { id: string; value: string }[];
}

export interface Product {
  id: string;
  title: string;
  subtitle: string | null;
  handle: string;
  description: string | null;
  thumbnail: string | null;
  images: { id: string; url: string }[] | null;
  options: ProductOption[] | null;
  variants: Variant[] | null;
}

export interface Page {
  products: Product[];
  count: number;
  offset: number;
  limit: number;
}

export interface Address {
  first_name: string | null;
  last_name: string | null;
  address_1: string | null;
  address_2: string | null;
  city: string | null;
  province: string | null;
  postal_code: string | null;
  country_code: string | null;
  phone: string | null;
}

export interface LineItem {
  id: string;
  title: string;
  product_title: string | null;
  variant_title: string | null;
  product_handle: string | null;
  thumbnail: string | null;
  quantity: number;
  unit_price: number;
  created_at: string;
}

interface Totals {
  currency_code: string;
  item_subtotal: number;
  shipping_subtotal: number;
  discount_subtotal: number;
  tax_total: number;
  total: number;
}

export interface Cart extends Totals {
  id: string;
  email: string | null;
  region_id: string;
  completed_at: string | null;
  items: LineItem[];
  shipping_address: Address | null;
  shipping_methods: { id: string; shipping_option_id: string; amount: number }[];
}

export interface ShippingOption {
  id: string;
  name: string;
  price_type: "flat" | "calculated";
  amount?: number;
  insufficient_inventory?: boolean;
}

export interface Order extends Totals {
  id: string;
  display_id: number;
  email: string;
  created_at: string;
  items: LineItem[];
  shipping_address: Address | null;
  shipping_methods: { id: string; name: string; amount: number }[];
}

/** What completing a cart gives: an order, or the cart again with the reason why the payment was refused. */
export type Completion = { type: "order"; order: Order } | { type: "cart"; cart: Cart; error: { message: string; type: string } };
