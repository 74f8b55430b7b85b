import { useState } from "react";

/** A product's picture; a drawing where it has none, or where it cannot be loaded. */
export function Picture({ url, alt, isFirst }: { url: string | null | undefined; alt: string; isFirst?: boolean }) {
  const [broken, setBroken] = useState<string | null>(null);
  if (!url || broken === url) {
    return (
      <svg className="picture" viewBox="0 0 200 200" role={alt ? "img" : undefined} aria-label={alt ? `${alt} (no picture)` : undefined} aria-hidden={!alt}>
        <rect className="ground" width="200" height="200" />
        <path className="line" d="M58 88h84l-6 62a8 8 0 0 1-8 7H72a8 8 0 0 1-8-7z" />
        <path className="line" d="M80 98V78a20 20 0 0 1 40 0v20" />
        <path className="line thin" d="M86 122q14 12 28 0" />
      </svg>
    );
  }
  return <img className="picture" src={url} alt={alt} width="600" height="600" loading={isFirst ? "eager" : "lazy"} decoding="async" onError={() => setBroken(url)} />;
}
