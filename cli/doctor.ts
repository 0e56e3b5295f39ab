import { Command } from "commander";
import { examine } from "./doctor/examine.ts";
import { formatFindings, toJson } from "./doctor/format.ts";
import { endWith } from "./end-with.ts";
import { findAccess } from "./parts/access.ts";
import { createPaint } from "./parts/paint.ts";

type DoctorOptions = { readonly json?: boolean };

export function createDoctorCommand(): Command {
  return new Command("doctor")
    .summary("look at every part of a deployment, and say how to mend what is wrong")
    .description(
      "Look at every part of a deployment as far as there is access to it, and say what is wrong and how to mend it: " +
        "edge, worker, NATS, streams, Redis, database, keys, clocks, versions, permissions, secrets. Changes nothing.",
    )
    .option("--json", "print what was found as one line of JSON")
    .addHelpText("after", MORE_HELP)
    .action(runDoctor);
}

const MORE_HELP = `
Examples:
  sluice doctor                                    the local stack
  SLUICE_URL=https://events.example.com sluice doctor
  sluice doctor --json | jq -r .begin_with[]       what to mend first

Signs:
  ✓ well    ! works, but look at it    ✗ failed    – not looked at, and what to set for it

Environment, without which the local stack in DATA_DIR is meant; the more is set, the more is seen.
Secrets may also come from files: NAME_FILE.
  SLUICE_URL                 the edge, with SLUICE_KEY (a read key tells how fresh answers are) and
                             METRICS_TOKEN
  WORKER_URL                 the worker, with WORKER_TOKEN
  NATS_URL                   NATS, with NATS_USER and NATS_PASSWORD of the operator, or NATS_CREDS
  UPSTASH_REDIS_REST_URL     the edge's Redis, with UPSTASH_REDIS_REST_TOKEN
  DATABASE_URL               the edge's database or the worker's, with the edge's
                             NEON_FETCH_ENDPOINT; or CLICKHOUSE_URL
  KEY_SECRET                 to check what signed SLUICE_KEY; and KEY_SECRET_PREVIOUS
  STREAM_MAX_BYTES, STREAM_MAX_AGE_HOURS, STREAM_REPLICAS, ACK_WAIT_MS
                             the worker's, if the streams are to be compared with them
  ENVIRONMENT                production or development: which secrets will do

Exit status:
  0 nothing failed    1 something failed    2 wrong usage, or nothing to look at`;

async function runDoctor({ json }: DoctorOptions): Promise<void> {
  const access = findAccess(process.env);
  const beganMs = performance.now();
  const findings = await examine(access);
  const seconds = (performance.now() - beganMs) / 1_000;
  const report = toJson(findings, access, seconds);
  const paint = createPaint(process.stdout, process.env);
  process.stdout.write(
    json ? `${JSON.stringify(report)}\n` : formatFindings(findings, access, paint),
  );
  await endWith(report.ok ? 0 : 1);
}
