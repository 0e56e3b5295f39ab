import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** What happens to one request instead of a plain answer. "lose" stores the events and cuts the connection before the answer. */
export type Fault =
  | "cut"
  | "lose"
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | { readonly delayMs: number };

export type EdgeDouble = {
  readonly url: string;
  /** Event to how often it was accepted; an event without id goes by the id that its request and place give it. */
  readonly accepted: Map<string, number>;
  readonly requests: { readonly headers: IncomingMessage["headers"]; readonly lines: number }[];
  readonly open: () => number;
  close(): Promise<void>;
};

/**
 * Answers like the edge's POST /v1/events, with faults that the real one does not produce on demand. `fault` is asked for each
 * request, counted from 1. Rejects what has no `event_type`.
 */
export async function startEdgeDouble(
  fault: (request: number) => Fault | undefined = () => undefined,
): Promise<EdgeDouble> {
  const accepted = new Map<string, number>();
  const requests: EdgeDouble["requests"] = [];
  let count = 0;
  let open = 0;
  const timers = new Set<NodeJS.Timeout>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = ++count;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    const lines = body
      .toString()
      .split("\n")
      .filter((line) => line.trim() !== "");
    requests.push({ headers: request.headers, lines: lines.length });
    const planned = fault(number);
    if (planned === "cut") {
      request.socket.destroy();
      return;
    }
    if (typeof planned === "object" && "status" in planned) {
      reply(response, planned.status, planned.body ?? {}, planned.headers);
      return;
    }
    if (typeof planned === "object") {
      await new Promise((resolve) => timers.add(setTimeout(resolve, planned.delayMs)));
    }
    const outcome = store(lines, String(request.headers["idempotency-key"]));
    if (planned === "lose") request.socket.destroy();
    else if (outcome.rejected < lines.length) reply(response, 202, outcome);
    else reply(response, 422, { title: "No event was accepted", status: 422, ...outcome });
  }

  function store(lines: string[], idempotencyKey: string) {
    const results: object[] = [];
    const counts = { accepted: 0, duplicate: 0, rejected: 0 };
    for (const [index, line] of lines.entries()) {
      const event = parse(line);
      if (event?.event_type === undefined) {
        const code = event === undefined ? "invalid_json" : "missing_field";
        counts.rejected++;
        results.push({
          index,
          status: "rejected",
          code,
          pointer: event === undefined ? "" : "/event_type",
          detail: "wrong",
        });
        continue;
      }
      const id = event.event_id ?? `${idempotencyKey}#${index}`;
      if (accepted.has(id)) {
        counts.duplicate++;
        results.push({ index, event_id: id, status: "duplicate" });
        continue;
      }
      accepted.set(id, (accepted.get(id) ?? 0) + 1);
      counts.accepted++;
    }
    return { ...counts, results };
  }

  const server = createServer((request, response) => {
    open++;
    answer(request, response)
      .catch(() => request.socket.destroy())
      .finally(() => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    accepted,
    requests,
    open: () => open,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parse(line: string): { event_id?: string; event_type?: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
