export const pageSize = 12;

/** The number in `?page=`, from 1; whatever is not a number is the first page. */
export function pageOf(url: URL): number {
  const page = Number(url.searchParams.get("page") ?? "1");
  return Number.isInteger(page) && page > 0 ? page : 1;
}

export function pagesFor(count: number): number {
  return Math.max(1, Math.ceil(count / pageSize));
}

export function pathOf(page: number): string {
  return page === 1 ? "/" : `/?page=${page}`;
}
