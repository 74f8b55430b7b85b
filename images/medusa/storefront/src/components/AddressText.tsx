import type { Address } from "../api/types";

export function AddressText({ address, email }: { address: Address; email: string }) {
  const lines = [
    `${address.first_name ?? ""} ${address.last_name ?? ""}`,
    address.address_1,
    address.address_2,
    `${address.postal_code ?? ""} ${address.city ?? ""}`,
    [address.province, address.country_code?.toUpperCase()].filter(Boolean).join(", "),
  ].filter((line): line is string => !!line?.trim());
  return (
    <address>
      {lines.map((line) => <span key={line}>{line}</span>)}
      <span className="fine">{email}</span>
    </address>
  );
}
