import type { Region } from "../api/types";

/** The region to begin with: the one chosen before, else the one of the browser's country, else the first. */
export function initialRegion(regions: Region[], saved: string | null, languages: readonly string[]): Region | null {
  const before = regions.find((region) => region.id === saved);
  if (before) return before;
  for (const language of languages) {
    const country = /-([A-Za-z]{2})$/.exec(language)?.[1]?.toLowerCase();
    const fitting = country && regions.find((region) => region.countries.some((other) => other.iso_2 === country));
    if (fitting) return fitting;
  }
  return regions[0] ?? null;
}
