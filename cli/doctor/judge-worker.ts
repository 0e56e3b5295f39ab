import { describeRefusal } from "../describe-refusal.ts";
import type { Access } from "../parts/access.ts";
import { formatAge } from "../parts/format-age.ts";
import type { WorkerFacts } from "../parts/look-at-worker.ts";
import { parseExposition, type Samples } from "../parts/parse-exposition.ts";
import { count } from "../table.ts";
import { type Finding, findingsOf, type PartName } from "./finding.ts";
import { mend } from "./mend.ts";

const { ok, warn, fail, skip } = findingsOf("worker");

/** What stands behind the worker, by the names of its /readyz. */
const BEHIND: Readonly<Record<string, { because: readonly PartName[]; fix: string }>> = {
  nats: {
    because: ["nats", "streams"],
    fix: "mend NATS; NATS_URL and NATS_USER with NATS_PASSWORD, or NATS_CREDS, of the worker must lead to it",
  },
  database: {
    because: ["database"],
    fix: "mend the store; DATABASE_URL, or what its engine needs, of the worker must lead to it",
  },
  migrations: {
    because: ["database", "nats"],
    fix: "the worker makes its tables once it reaches NATS and the store; its log says what is in the way",
  },
  consumer: {
    because: ["nats", "streams"],
    fix: "the worker makes its consumer again by itself; its log says what is in the way",
  },
};

/** A worker that does not get to its sockets loses its messages to ack_wait. */
const SLOW_LOOP_SECONDS = 1;

export function judgeWorker(
  facts: WorkerFacts | undefined,
  deployment: Access["deployment"],
  nowMs: number,
): Finding[] {
  if (facts === undefined) return [skip("answers", "set WORKER_URL and WORKER_TOKEN")];
  const { url, health, readiness } = facts;
  if ("failure" in health) {
    const fix = mend(
      deployment,
      "worker",
      "is WORKER_URL right, and WORKER_HOST open to this machine? Then see the worker's log",
    );
    return [fail("answers", `${url.origin}: ${health.failure}`, fix)];
  }
  if (health.value.status !== 200 || health.value.body.status !== "ok") {
    const said = describeRefusal(health.value.status, health.value.body);
    const fix = "WORKER_URL must lead to the worker itself";
    return [fail("answers", `${url.origin}: ${said}`, fix)];
  }
  return [
    ok("answers", `${url.origin} in ${Math.round(health.tookMs)} ms`),
    ...judgeReadiness(readiness),
    ...judgeMetrics(facts, nowMs),
  ];
}

function judgeReadiness(readiness: WorkerFacts["readiness"]): Finding[] {
  if ("failure" in readiness) {
    return [fail("is ready", readiness.failure, "see the worker's log", ["nats", "database"])];
  }
  const parts = Object.entries(Object(readiness.value.body.parts) as Record<string, unknown>);
  const bad = parts.filter(([, part]) => Object(part).ok !== true);
  const well = parts.filter(([, part]) => Object(part).ok === true).map(([name]) => name);
  return [
    ...(well.length > 0 ? [ok("reaches", well.join(", "))] : []),
    ...bad.map(([name, part]) => {
      const { because, fix } = BEHIND[name] ?? { because: [], fix: "see the worker's log" };
      const { error } = Object(part) as { error?: unknown };
      const detail = typeof error === "string" ? error : "does not answer";
      return fail(`reaches ${name}`, detail, fix, because);
    }),
  ];
}

function judgeMetrics({ metrics }: WorkerFacts, nowMs: number): Finding[] {
  if (metrics === undefined) return [skip("metrics", "set WORKER_TOKEN to the worker's own")];
  if ("failure" in metrics) {
    return [fail("metrics", metrics.failure, "see the worker's log", ["nats", "database"])];
  }
  const { status, body, text } = metrics.value;
  if (status === 401) {
    const fix = "set WORKER_TOKEN to the worker's own: edge and command line need the same";
    return [fail("token", "the worker refuses WORKER_TOKEN", fix)];
  }
  if (status !== 200) {
    const fix = "WORKER_URL must lead to a worker of this version";
    return [fail("metrics", describeRefusal(status, body), fix)];
  }
  const samples = parseExposition(text);
  return [ok("token", "is the worker's"), ...judgeLoop(samples), ...judgeArchiver(samples, nowMs)];
}

function judgeLoop(samples: Samples): Finding[] {
  const seconds = samples.max("nodejs_eventloop_lag_p99_seconds") ?? 0;
  if (seconds < SLOW_LOOP_SECONDS) return [];
  const fix = "give it more processor, or run another worker: several share the work";
  return [warn("event loop", `waits up to ${formatAge(seconds * 1_000)}`, fix)];
}

/** Nothing where it has not run. */
function judgeArchiver(samples: Samples, nowMs: number): Finding[] {
  const failed = samples.sum("sluice_archive_runs_total", { outcome: "failed" });
  const lastSeconds = samples.max("sluice_archive_last_success_timestamp_seconds");
  if (lastSeconds === undefined && failed > 0) {
    const fix = "its log says why: is the folder or bucket of COLD_URL there, and open to it?";
    return [fail("archiver", `failed ${count(failed, "time")} and never succeeded`, fix)];
  }
  if (lastSeconds === undefined) return [];
  return [ok("archiver", `last ran ${formatAge(nowMs - lastSeconds * 1_000)} ago`)];
}
