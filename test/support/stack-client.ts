import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IngestAnswer } from "../../contract/ingest-answer.ts";
import { createKey, type KeyScope } from "../../contract/key.ts";
import type { StatsMeta } from "../../contract/stats-answer.ts";
import type { Secrets } from "../../local/secrets.ts";
import { poll } from "./poll.ts";
import type { StackService } from "./stack.ts";

export type RequestBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** One project's way into a running stack, over HTTP alone. */
export interface StackClient {
  readonly projectId: string;
  readonly writeKey: string;
  readonly readKey: string;
  readonly adminKey: string;
  /** `POST /v1/events` with these very bytes, and a query such as `?results=all`. */
  send(body: RequestBody, headers?: Record<string, string>, query?: string): Promise<Response>;
  /** Posts JSON and insists on 202. */
  post(value: unknown): Promise<IngestAnswer>;
  /** `GET /v1/stats/<path>`, past the cache: tests mean the rows as they are now. */
  ask(
    path: string,
    parameters: Record<string, string | number>,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** Asks and insists on 200. */
  read(
    path: string,
    parameters: Record<string, string | number>,
  ): Promise<{ data: unknown; meta: StatsMeta }>;
  /** Resolves once answers say that they count all that was acknowledged before this call. */
  waitUntilCounted(timeoutMs?: number): Promise<void>;
}

/** Longer than the edge takes to give up on any part behind it. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A client with keys of its own: any project exists as soon as a key for it does. */
export async function createStackClient(
  stack: StackService,
  projectId = "demo",
): Promise<StackClient> {
  const secretsText = await readFile(join(stack.dataDir, "secrets.json"), "utf8");
  const { keySecret } = JSON.parse(secretsText) as Secrets;
  const keyOf = (scope: KeyScope) => createKey({ scope, projectId, kid: "e2e" }, keySecret);
  const writeKey = keyOf("w");
  const readKey = keyOf("r");

  const client: StackClient = {
    projectId,
    writeKey,
    readKey,
    adminKey: keyOf("a"),
    send: (body, headers = {}, query = "") =>
      fetch(`${stack.edge_url}/v1/events${query}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${writeKey}`,
          "content-type": "application/json",
          ...headers,
        },
        body,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
      }),
    async post(value) {
      const response = await client.send(JSON.stringify(value));
      return (await bodyOf(response, 202)) as IngestAnswer;
    },
    ask(path, parameters, headers = {}) {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(parameters)) search.append(name, String(value));
      return fetch(`${stack.edge_url}/v1/stats/${path}?${search}`, {
        headers: { authorization: `Bearer ${readKey}`, "cache-control": "no-cache", ...headers },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    },
    async read(path, parameters) {
      const response = await client.ask(path, parameters);
      return (await bodyOf(response, 200)) as { data: unknown; meta: StatsMeta };
    },
    async waitUntilCounted(timeoutMs = 60_000) {
      const acknowledgedMs = Date.now();
      // Any answer tells; an empty range is the cheapest.
      const range = { from: "2000-01-01", to: "2000-01-02", limit: 1 };
      await poll(
        "statistics that count everything acknowledged",
        async () => {
          const { as_of } = (await client.read("top-events", range)).meta;
          return as_of !== null && Date.parse(as_of) > acknowledgedMs;
        },
        timeoutMs,
      );
    },
  };
  return client;
}

async function bodyOf(response: Response, status: number): Promise<unknown> {
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`Cannot use answer of ${response.url}: ${response.status} ${text}`);
  return JSON.parse(text);
}
