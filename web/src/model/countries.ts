/** Where shops are usually set up; the API takes every country and currency there is. */
export const countries: { code: string; currency: string }[] = [
  { code: "AT", currency: "EUR" }, { code: "AU", currency: "AUD" }, { code: "BE", currency: "EUR" }, { code: "BR", currency: "BRL" },
  { code: "CA", currency: "CAD" }, { code: "CH", currency: "CHF" }, { code: "CZ", currency: "CZK" }, { code: "DE", currency: "EUR" },
  { code: "DK", currency: "DKK" }, { code: "ES", currency: "EUR" }, { code: "FI", currency: "EUR" }, { code: "FR", currency: "EUR" },
  { code: "GB", currency: "GBP" }, { code: "IE", currency: "EUR" }, { code: "IN", currency: "INR" }, { code: "IT", currency: "EUR" },
  { code: "JP", currency: "JPY" }, { code: "MX", currency: "MXN" }, { code: "NL", currency: "EUR" }, { code: "NO", currency: "NOK" },
  { code: "NZ", currency: "NZD" }, { code: "PL", currency: "PLN" }, { code: "PT", currency: "EUR" }, { code: "SE", currency: "SEK" },
  { code: "SG", currency: "SGD" }, { code: "US", currency: "USD" }, { code: "ZA", currency: "ZAR" },
];

/** As people call it, in the browser's own language. */
export function countryName(code: string): string {
  return new Intl.DisplayNames(undefined, { type: "region" }).of(code) ?? code;
}

export function currencyOf(country: string): string | undefined {
  return countries.find((known) => known.code === country)?.currency;
}

export const currencies = [...new Set(countries.map((country) => country.currency))].sort();
