import { describeRefusal } from "../describe-refusal.ts";
import { formatBytes } from "../format-bytes.ts";
import type { Access } from "../parts/access.ts";
import type { Answer } from "../parts/answer.ts";
import type { HttpReply } from "../parts/ask-http.ts";
import type { DatabaseFacts } from "../parts/look-at-database.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { mend } from "./mend.ts";
import { isAtLeast } from "./version.ts";

const { ok, warn, fail, skip } = findingsOf("database");
const byHttp = findingsOf("database-http");

const MIN_POSTGRES = 130_000;
/** The oldest that Sluice is tested with. */
const MIN_TIMESCALE = "2.23";
const CROWDED = 0.9;
const ROLES = "give edge and worker roles of their own: deploy/database-roles.sql";

type Deployment = Pick<Access, "deployment" | "database" | "databaseHttp">;

export function judgeDatabase(
  answer: Answer<DatabaseFacts> | undefined,
  { deployment }: Deployment,
): Finding[] {
  if (answer === undefined) {
    return [
      skip(
        "answers",
        deployment.kind === "local"
          ? "events are in no database server: the worker answers for its store"
          : "set DATABASE_URL to the edge's, or to the worker's",
      ),
    ];
  }
  if ("failure" in answer) {
    const fix = mend(deployment, "database", "is DATABASE_URL right, and the database up?");
    return [fail("answers", answer.failure, fix)];
  }
  const facts = answer.value;
  return [
    ok("answers", `in ${Math.round(answer.tookMs)} ms, ${formatBytes(facts.bytes)}`),
    judgeVersion(facts),
    judgeTimescale(facts),
    ...judgeTables(facts),
    judgeRole(facts, deployment),
    ...judgeConnections(facts),
  ];
}

function judgeVersion({ version, versionNumber, isWasm }: DatabaseFacts): Finding {
  const name = `PostgreSQL ${version}${isWasm ? " in WebAssembly, for development only" : ""}`;
  if (versionNumber >= MIN_POSTGRES) return ok("version", name);
  return fail("version", name, "PostgreSQL 13 or later is needed");
}

function judgeTimescale({ edition, timescale, aggregates, isHypertable }: DatabaseFacts): Finding {
  if (edition === "none") {
    const fix = "install TimescaleDB's Community edition: without it statistics read every event";
    return warn("TimescaleDB", "is not there", fix);
  }
  const name = `${timescale}, ${edition === "apache" ? "Apache" : "Community"} edition`;
  if (edition === "apache") {
    const fix = "the Community edition has aggregates: without them statistics read every event";
    return warn("TimescaleDB", name, fix);
  }
  if (timescale !== undefined && !isAtLeast(timescale, MIN_TIMESCALE)) {
    return warn("TimescaleDB", name, `${MIN_TIMESCALE} or later is what Sluice is tested with`);
  }
  if (isHypertable && aggregates < 2) {
    const fix = "the tables were made without TimescaleDB's Community edition: export, then import";
    return warn("TimescaleDB", `${name}, with ${aggregates} of 2 aggregates`, fix);
  }
  return ok("TimescaleDB", `${name}${isHypertable ? ", hypertable and both aggregates" : ""}`);
}

function judgeTables({ mayRead, isReadOnly, user }: DatabaseFacts): Finding[] {
  const findings: Finding[] = [];
  if (mayRead === undefined) {
    const fix = "start a worker: it makes the tables; or is this another database?";
    findings.push(fail("tables", "there are none", fix, ["worker"]));
  } else if (!mayRead) {
    const fix = "start a worker: it grants what each role of deploy/database-roles.sql needs";
    findings.push(fail("tables", `role ${user} may not read events`, fix));
  }
  if (isReadOnly) {
    const fix = "the worker's DATABASE_URL must lead to the primary";
    findings.push(warn("tables", "this is a replica, which nothing can be written to", fix));
  }
  return findings;
}

/** Both have a DATABASE_URL: by its name the edge's role is told from the worker's. */
function judgeRole(
  { user, isSuperuser, mayWrite }: DatabaseFacts,
  deployment: Access["deployment"],
): Finding {
  if (deployment.kind === "local") return ok("role", `${user}, the only one there is`);
  if (user === "sluice_edge" && mayWrite === true) {
    return fail("role", "the edge's role may write", "run deploy/database-roles.sql again");
  }
  if (isSuperuser) return warn("role", `${user} is a superuser`, ROLES);
  if (mayWrite !== true) return ok("role", `${user} may not write`);
  if (user === "sluice_worker") return ok("role", `${user} may write, as the worker must`);
  return warn("role", `${user} may write: if this is the edge's role, it must not`, ROLES);
}

function judgeConnections({ connections, maxConnections }: DatabaseFacts): Finding[] {
  if (connections < maxConnections * CROWDED) return [];
  const fix = "raise max_connections, or find out who holds them: pg_stat_activity";
  return [warn("connections", `${connections} of ${maxConnections} are taken`, fix)];
}

/** The database as the edge asks it. */
export function judgeDatabaseHttp(
  answer: Answer<HttpReply> | undefined,
  { deployment, database, databaseHttp }: Deployment,
): Finding[] {
  if (answer === undefined) {
    if (deployment.kind === "local" || database === undefined) return [];
    const detail = "set NEON_FETCH_ENDPOINT, if the edge asks the database by Neon's HTTP";
    return [byHttp.skip("answers", detail)];
  }
  const where = databaseHttp?.origin ?? "";
  const fix = mend(
    deployment,
    "neon-http",
    "is NEON_FETCH_ENDPOINT right, and does what speaks Neon's HTTP run there?",
  );
  if ("failure" in answer) {
    return [byHttp.fail("answers", `${where}: ${answer.failure}`, fix, ["database"])];
  }
  const { status, body } = answer.value;
  if (status !== 200) {
    const said = describeRefusal(status, { ...body, detail: body.detail ?? body.message });
    return [byHttp.fail("answers", `${where}: ${said}`, fix, ["database"])];
  }
  return [byHttp.ok("answers", `${where} in ${Math.round(answer.tookMs)} ms`)];
}

export function judgeClickHouse(
  answer: Answer<HttpReply>,
  { database }: Pick<Access, "database">,
): Finding[] {
  const where = database?.origin ?? "";
  if ("failure" in answer) {
    return [fail("answers", `${where}: ${answer.failure}`, "is ClickHouse up, and its URL right?")];
  }
  const { status, text } = answer.value;
  if (status !== 200) {
    const fix = "set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD to the worker's";
    return [fail("answers", `${where}: it answers ${status}: ${text.slice(0, 200)}`, fix)];
  }
  const [version = "?"] = text.split("\t");
  return [
    ok("answers", `${where} in ${Math.round(answer.tookMs)} ms`),
    ok("version", `ClickHouse ${version}`),
  ];
}
