import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { startStack } from "../support/stack.ts";
import { createBenchEvents } from "./bench-events.ts";
import { cpuMsOf, findDescendant } from "./process-usage.ts";
import { report } from "./report.ts";
import { median, round } from "./statistics.ts";

/** Requests a round for each batch size: enough that workerd's CPU time is far above the clock's 10 ms. */
const BATCHES = [
  { size: 1, requests: 1_000 },
  { size: 100, requests: 200 },
  { size: 1_000, requests: 40 },
];
const ROUNDS = 5;
const CONCURRENCY = 8;

/** A route that only parses the same JSON body: what no ingest can go below. */
const PARSE_ONLY = `export default {
  async fetch(request) {
    const events = await request.json();
    return Response.json({ accepted: events.length }, { status: 202 });
  },
};`;

/** CPU time of workerd per event on the full path, over that of a route that only parses the same body. */
export async function benchEdgeCpu(): Promise<void> {
  const parser = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        { name: "parser", modules: true, script: PARSE_ONLY, compatibilityDate: "2026-11-01" },
      ],
      host: "127.0.0.1",
      port: 0,
      cf: false,
    }),
  );
  const parserUrl = String(await parser.ready);
  // Before the stack starts one of its own.
  const parserPid = findDescendant(process.pid, "workerd");
  const stack = await startStack({
    env: { RATE_LIMIT_EVENTS_PER_SECOND: "10000000", RATE_LIMIT_BURST_EVENTS: "10000000" },
  });
  try {
    const { pid } = (await stack.describe()).parts.edge ?? { pid: 0 };
    const edgePid = findDescendant(pid, "workerd");
    const headers = {
      authorization: `Bearer ${stack.write_key}`,
      "content-type": "application/json",
    };
    for (const { size, requests } of BATCHES) {
      const full: number[] = [];
      const parse: number[] = [];
      for (let index = 0; index <= ROUNDS; index += 1) {
        const bodies = Array.from({ length: requests }, () =>
          JSON.stringify(createBenchEvents(size)),
        );
        const fullUs = await measure(edgePid, `${stack.edge_url}/v1/events`, headers, bodies);
        const parseUs = await measure(parserPid, parserUrl, headers, bodies);
        // The first round warms both up.
        if (index > 0) {
          full.push(fullUs / size);
          parse.push(parseUs / size);
        }
      }
      const ratios = full.map((value, index) => value / (parse[index] ?? Number.NaN));
      report(`edge CPU, batches of ${size}`, {
        "full path, µs/event": round(median(full)),
        "parse only, µs/event": round(median(parse)),
        ratio: round(median(ratios)),
      });
    }
  } finally {
    await parser.dispose();
    await stack.stop();
  }
}

/** CPU µs that `pid` spends on each of the requests. */
async function measure(
  pid: number,
  url: string,
  headers: Record<string, string>,
  bodies: readonly string[],
): Promise<number> {
  const before = cpuMsOf(pid);
  let next = 0;
  const post = async () => {
    while (next < bodies.length) {
      const body = bodies[next++] ?? "";
      const response = await fetch(url, { method: "POST", headers, body });
      if (response.status !== 202)
        throw new Error(`Cannot post: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, post));
  return ((cpuMsOf(pid) - before) * 1000) / bodies.length;
}
