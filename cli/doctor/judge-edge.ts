import { describeRefusal } from "../describe-refusal.ts";
import type { Access } from "../parts/access.ts";
import type { HttpReply } from "../parts/ask-http.ts";
import { formatAge } from "../parts/format-age.ts";
import type { EdgeFacts } from "../parts/look-at-edge.ts";
import { parseExposition } from "../parts/parse-exposition.ts";
import { count } from "../table.ts";
import { type Finding, findingsOf, type PartName } from "./finding.ts";
import { mend } from "./mend.ts";

const { ok, warn, fail, skip } = findingsOf("edge");

/** What stands behind the edge, by the names of its /readyz. */
const BEHIND = {
  redis: {
    because: ["redis-http", "redis"],
    harm: "duplicates are not told apart, and limits are each isolate's own",
    fix: "mend Redis; UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN of the edge must lead to it",
  },
  stream: {
    because: ["nats", "streams"],
    harm: "events wait in the outbox",
    fix: "mend NATS or make room in the stream; NATS_URL and NATS_USER with NATS_PASSWORD, or NATS_CREDS, of the edge must lead to it",
  },
  database: {
    because: ["database-http", "database", "worker"],
    harm: "nothing can be read",
    fix: "mend the database, or what speaks HTTP for it; DATABASE_URL and NEON_FETCH_ENDPOINT, or WORKER_URL, of the edge must lead to it",
  },
} as const;

const LOG = "see its log (on Cloudflare: npx wrangler tail)";

/** A part that hangs may make an answer about all of them late. */
const ALL_BEHIND: readonly PartName[] = [
  "redis-http",
  "nats",
  "streams",
  "database-http",
  "database",
  "worker",
];

/** Statistics older than this are worth a word, and worth an alarm. */
const STALE_MS = { warning: 15_000, failure: 120_000 };

export function judgeEdge(
  facts: EdgeFacts | undefined,
  deployment: Access["deployment"],
): Finding[] {
  if (facts === undefined) return [skip("answers", "set SLUICE_URL to the edge's address")];
  const { url, health } = facts;
  if ("failure" in health) {
    const fix = mend(deployment, "edge", `is SLUICE_URL right, and the edge up? If so, ${LOG}`);
    return [fail("answers", `${url.origin}: ${health.failure}`, fix)];
  }
  const { status, body } = health.value;
  if (status !== 200 || body.status !== "ok") {
    const isOurs = String(body.type ?? "").startsWith("/problems/");
    const fix = isOurs
      ? mend(
          deployment,
          "edge",
          "its log (on Cloudflare: npx wrangler tail) names each wrong setting",
        )
      : "SLUICE_URL must lead to the edge itself, with its path if it has one";
    const said = isOurs ? describeRefusal(status, body) : `${status}, not as Sluice does`;
    return [fail("answers", `${url.origin}: ${said}`, fix)];
  }
  return [
    ok("answers", `${url.origin} in ${Math.round(health.tookMs)} ms`),
    ...judgeReadiness(facts.readiness, deployment),
    ...judgeFreshness(facts),
    ...judgeMetrics(facts),
  ];
}

function judgeReadiness(
  readiness: EdgeFacts["readiness"],
  deployment: Access["deployment"],
): Finding[] {
  const fix = mend(deployment, "edge", LOG);
  if ("failure" in readiness) return [fail("is ready", readiness.failure, fix, ALL_BEHIND)];
  const { status, body } = readiness.value;
  const { parts, outbox } = body as { parts?: Record<string, unknown>; outbox?: unknown };
  if (parts === undefined) return [fail("is ready", describeRefusal(status, body), fix)];
  const findings: Finding[] = [];
  const names = Object.keys(BEHIND) as (keyof typeof BEHIND)[];
  const well = names.filter((name) => parts[name] === "ok");
  if (well.length > 0) findings.push(ok("reaches", well.join(", ")));
  for (const name of names) {
    if (parts[name] === "ok") continue;
    const { harm, because, fix } = BEHIND[name];
    findings.push(fail(`reaches ${name}`, `${parts[name]}: ${harm}`, fix, because));
  }
  findings.push(judgeOutbox(parts.outbox, outbox));
  return findings;
}

function judgeOutbox(state: unknown, totals: unknown): Finding {
  const { events = 0, oldest_age_ms = 0 } = Object(totals) as Record<string, number>;
  const waiting = `${count(events, "event")}, the oldest for ${formatAge(oldest_age_ms)}`;
  if (state === "ok") return ok("outbox", "empty");
  if (state === "in use") {
    const fix = "it empties by itself once NATS takes events: look at NATS and Streams";
    return warn("outbox", `holds ${waiting}`, fix);
  }
  if (state === "full") {
    const fix = "mend NATS or make room in the stream; OUTBOX_MAX_BYTES makes the outbox larger";
    return fail("outbox", `full: events are answered 503; ${waiting}`, fix, ["nats", "streams"]);
  }
  const fix = `what holds it does not answer: ${LOG}`;
  return fail("outbox", "a publisher does not answer", fix);
}

function judgeFreshness({ keys }: EdgeFacts): Finding[] {
  const key = keys.find(({ scope }) => scope === "r");
  if (key === undefined) {
    return [skip("freshness", "set SLUICE_KEY to a read key, with which a question can be asked")];
  }
  // A text that is no key was not tried.
  if (key.answer === undefined) return [];
  const because: PartName[] = ["database-http", "database", "worker", "nats"];
  const mendIt = "mend the database or the worker";
  if ("failure" in key.answer) return [fail("statistics", key.answer.failure, mendIt, because)];
  const reply = key.answer.value;
  // A key that is refused is told among the keys.
  if (reply.status === 401 || reply.status === 403) return [];
  if (reply.status !== 200) {
    return [fail("statistics", describeRefusal(reply.status, reply.body), mendIt, because)];
  }
  const ageMs = ageOfAnswer(reply);
  if (ageMs === undefined) {
    return [warn("freshness", "not known yet", "wait for the worker's first look at the stream")];
  }
  const detail = `statistics are ${formatAge(ageMs)} old`;
  const fix = "what is received is stored late or not at all: look at Worker and Streams";
  if (ageMs >= STALE_MS.failure) {
    return [fail("freshness", detail, fix, ["worker", "nats", "database", "streams"])];
  }
  return [ageMs >= STALE_MS.warning ? warn("freshness", detail, fix) : ok("freshness", detail)];
}

/** By the edge's own clock, so that ours does not matter. */
function ageOfAnswer({ body }: HttpReply): number | undefined {
  const { lag_ms } = Object(body.meta) as Record<string, unknown>;
  return typeof lag_ms === "number" ? lag_ms : undefined;
}

function judgeMetrics({ metrics }: EdgeFacts): Finding[] {
  if (metrics === undefined) return [skip("metrics", "set METRICS_TOKEN to the edge's")];
  if ("failure" in metrics) {
    return [fail("metrics", metrics.failure, LOG, ALL_BEHIND)];
  }
  const { status, body, text } = metrics.value;
  if (status === 401) {
    return [fail("metrics", "the edge refuses METRICS_TOKEN", "set METRICS_TOKEN to the edge's")];
  }
  if (status !== 200) {
    const fix = "set METRICS_TOKEN of the edge, or do without metrics and unset it here";
    return [warn("metrics", describeRefusal(status, body), fix)];
  }
  const samples = parseExposition(text);
  const unchecked = samples.sum("sluice_revocation_unchecked_total");
  if (unchecked > 0) {
    const fix = "mend Redis: until an isolate has read the list once, it knows no revoked key";
    return [
      warn("revocations", `${count(unchecked, "request")} passed without a look at them`, fix),
    ];
  }
  return [ok("metrics", "are told with this token")];
}
