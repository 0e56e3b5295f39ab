import { setTimeout as delay } from "node:timers/promises";
import { createKey } from "../../contract/key.ts";
import { createUuidV7 } from "../../contract/uuid.ts";
import { openReplicatedStream } from "../support/replicated-stream.ts";
import { KEY_SECRET, REGIONS, type Regions, type RegionsOptions, startRegions } from "./regions.ts";
import { report } from "./report.ts";
import { quantile, round } from "./statistics.ts";

const PROJECT = "regions";
const KEYS = {
  write: createKey({ scope: "w", projectId: PROJECT, kid: "k1" }, KEY_SECRET),
  read: createKey({ scope: "r", projectId: PROJECT, kid: "k1" }, KEY_SECRET),
};
const WARM_UP = 5;
const PROBES = 60;
const POLL_MS = 10;

const LAYOUTS: readonly (RegionsOptions & { readonly name: string })[] = [
  { name: "one place", hasDistances: false, hasRegionalRedis: false },
  { name: "three regions, Redis in eu", hasDistances: true, hasRegionalRedis: false },
  { name: "three regions, Redis in each", hasDistances: true, hasRegionalRedis: true },
];

/**
 * What distances cost: in each region the time from a post to its 202, and from there until the same region's statistics count the event.
 * The stream and its consumer lead in `eu`, where the worker is. Regions take turns, so that they share what else the machine does.
 */
export async function benchMultiRegion(): Promise<void> {
  for (const layout of LAYOUTS) {
    const regions = await startRegions(layout);
    try {
      await leadFromEurope(regions);
      await measure(layout.name, regions);
    } finally {
      await regions.stop();
    }
  }
}

async function measure(name: string, { edgeUrls }: Regions): Promise<void> {
  const acceptMs: Record<string, number[]> = { eu: [], us: [], ap: [] };
  const freshMs: Record<string, number[]> = { eu: [], us: [], ap: [] };
  for (let probe = -WARM_UP; probe < PROBES; probe += 1) {
    for (const region of REGIONS) {
      const eventType = `${region}-${probe}`;
      const beganMs = performance.now();
      await post(edgeUrls[region], eventType);
      const acceptedMs = performance.now();
      await untilCounted(edgeUrls[region], eventType);
      if (probe < 0) continue;
      acceptMs[region]?.push(acceptedMs - beganMs);
      freshMs[region]?.push(performance.now() - acceptedMs);
    }
  }
  for (const region of REGIONS) {
    const [accept = [], fresh = []] = [acceptMs[region], freshMs[region]];
    report(`${name}, ${region}`, {
      "accepted p50, ms": round(quantile(accept, 0.5), 0),
      "p99, ms": round(quantile(accept, 0.99), 0),
      "counted after that p50, ms": round(quantile(fresh, 0.5), 0),
      "p99 of that, ms": round(quantile(fresh, 0.99), 0),
      n: accept.length,
    });
  }
}

async function post(edgeUrl: string, eventType: string): Promise<void> {
  const event = { event_id: createUuidV7(Date.now()), event_type: eventType, user_id: "u1" };
  const response = await fetch(`${edgeUrl}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEYS.write}`, "content-type": "application/json" },
    body: JSON.stringify(event),
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`Cannot post: ${response.status} ${text}`);
}

async function untilCounted(edgeUrl: string, eventType: string): Promise<void> {
  const day = 86_400_000;
  const from = new Date(Date.now() - day).toISOString();
  const to = new Date(Date.now() + day).toISOString();
  const search = new URLSearchParams({ interval: "total", event_type: eventType, from, to });
  const headers = { authorization: `Bearer ${KEYS.read}`, "cache-control": "no-cache" };
  for (const beganMs = performance.now(); performance.now() - beganMs < 30_000; ) {
    const response = await fetch(`${edgeUrl}/v1/stats/events?${search}`, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot read: ${response.status} ${text}`);
    const { data } = JSON.parse(text) as { data: { value: number }[] };
    if (data[0]?.value === 1) return;
    await delay(POLL_MS);
  }
  throw new Error(`Cannot see ${eventType} in 30 s`);
}

/** Leaders are elected by chance, and stay where they are: those of the stream and of its consumer step down until they are here. */
async function leadFromEurope({ cluster }: Regions): Promise<void> {
  const stream = await openReplicatedStream(cluster);
  const [europe] = cluster.servers;
  try {
    while ((await stream.leader()) !== europe) await stream.stepDown();
    while ((await stream.consumerLeader()) !== europe) await stream.stepDownConsumer();
  } finally {
    await stream.close();
  }
}
