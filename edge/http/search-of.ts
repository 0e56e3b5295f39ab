/**
 * The parameters of a request's URL, without the key: that is authentication's. Its host is the client's word and may make the whole no URL,
 * so nothing but what stands behind the path is read.
 */
export function searchOf(url: string): URLSearchParams {
  const [, query = ""] = /^[^?#]*\?([^#]*)/.exec(url) ?? [];
  const search = new URLSearchParams(query);
  search.delete("key");
  return search;
}
