/** The address that a name suggests; the service has the last word. */
export function suggestedSlug(name: string): string {
  const words = name
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f'’]/g, "")
    .replace(/ß/g, "ss")
    .replace(/æ/g, "ae")
    .replace(/ø/g, "o")
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  const text = words.join("-");
  return (/^\d/.test(text) ? `shop-${text}` : text).slice(0, 40).replace(/-+$/, "");
}
