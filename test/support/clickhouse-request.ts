import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** One statement as it came over ClickHouse's HTTP interface. */
export type ClickHouseRequest = {
  /** With the data of an insert behind it. */
  readonly query: string;
  readonly database: string | undefined;
  readonly defaultFormat: string;
  /** `param_<name>`, as `set` takes them too. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
};

/** Names in the URL that are no settings, or none of the library's. */
const OTHERS: ReadonlySet<string> = new Set([
  ...["query", "database", "default_format", "query_id", "session_id", "role"],
  ...["wait_end_of_query", "enable_http_compression", "send_progress_in_http_headers"],
  ...["http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close"],
]);

export async function readRequest(request: IncomingMessage): Promise<ClickHouseRequest> {
  const { searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const names = [...new Set(searchParams.keys())];
  const pick = (isWanted: (name: string) => boolean): Record<string, string> =>
    Object.fromEntries(names.filter(isWanted).map((name) => [name, searchParams.get(name) ?? ""]));
  const isParameter = (name: string) => name.startsWith("param_");

  const { query, parameters } = await readBody(request);
  const inUrl = searchParams.get("query") ?? "";
  return {
    query: inUrl === "" ? query : `${inUrl}\n${query}`,
    database: searchParams.get("database") ?? undefined,
    defaultFormat: searchParams.get("default_format") ?? "TabSeparated",
    parameters: { ...pick(isParameter), ...parameters },
    settings: pick((name) => !isParameter(name) && !OTHERS.has(name)),
  };
}

/** The query, or the data of one that is in the URL; large parameters come as parts of a form. */
async function readBody(
  request: IncomingMessage,
): Promise<Pick<ClickHouseRequest, "query" | "parameters">> {
  const bytes = await buffer(request);
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) return { query: bytes.toString(), parameters: {} };
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const { query = "", ...parameters } = Object.fromEntries(
    [...form].map(([name, value]) => [name, String(value)]),
  );
  return { query, parameters };
}
