/** The parameters of a request's URL, without the key: that is authentication's. */
export function searchOf(url: string): URLSearchParams {
  const search = new URL(url).searchParams;
  search.delete("key");
  return search;
}
