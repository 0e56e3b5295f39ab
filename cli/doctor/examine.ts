import type { Access } from "../parts/access.ts";
import { valueIn } from "../parts/answer.ts";
import { lookAtClickHouse, lookAtDatabase, lookAtDatabaseHttp } from "../parts/look-at-database.ts";
import { clockOfEdge, lookAtEdge } from "../parts/look-at-edge.ts";
import { lookAtMachine } from "../parts/look-at-machine.ts";
import { lookAtNats } from "../parts/look-at-nats.ts";
import { lookAtRedisHttp, pingRedis } from "../parts/look-at-redis.ts";
import { lookAtWorker } from "../parts/look-at-worker.ts";
import { clockOf, readReplies } from "../parts/redis-replies.ts";
import { type Finding, PARTS } from "./finding.ts";
import { judgeClocks, type NamedReading } from "./judge-clocks.ts";
import { judgeClickHouse, judgeDatabase, judgeDatabaseHttp } from "./judge-database.ts";
import { judgeEdge } from "./judge-edge.ts";
import { judgeKeys } from "./judge-keys.ts";
import { judgeMachine } from "./judge-machine.ts";
import { judgeNats } from "./judge-nats.ts";
import { judgeRedis, judgeRedisHttp } from "./judge-redis.ts";
import { judgeSettings } from "./judge-settings.ts";
import { judgeStreams } from "./judge-streams.ts";
import { judgeWorker } from "./judge-worker.ts";

type Facts = Awaited<ReturnType<typeof gather>>;

/** Looks at every part at once, as far as there is access to it, and says how each is. Takes a few seconds when none answers. */
export async function examine(access: Access): Promise<Finding[]> {
  const facts = await gather(access);
  const nowMs = Date.now();
  const { deployment } = access;
  const findings = [
    ...judgeSettings(access),
    ...judgeMachine(facts.machine, deployment, facts.nats?.streams),
    ...judgeEdge(facts.edge, deployment),
    ...judgeKeys(facts.edge, access, nowMs),
    ...judgeWorker(facts.worker, deployment, nowMs),
    ...judgeNats(facts.nats, deployment),
    ...judgeStreams(facts.nats, access.settings, nowMs),
    ...judgeRedis(facts.redis, deployment),
    ...judgeRedisHttp(facts.redisHttp, access),
    ...(facts.clickHouse === undefined
      ? judgeDatabase(facts.database, access)
      : judgeClickHouse(facts.clickHouse, access)),
    ...judgeDatabaseHttp(facts.databaseHttp, access),
    ...judgeClocks(readClocks(facts)),
  ];
  const order = Object.keys(PARTS);
  return findings.sort((a, b) => order.indexOf(a.part) - order.indexOf(b.part));
}

async function gather(access: Access) {
  const { database, databaseHttp, redisHttp, settings } = access;
  const isPostgres = database?.protocol.startsWith("postgres") === true;
  const token = redisHttp?.token;
  const [machine, edge, worker, nats, redis, redisReply, postgres, clickHouse, neon] =
    await Promise.all([
      lookAtMachine(access.deployment),
      access.edge && lookAtEdge(access.edge, access.keys),
      access.worker && lookAtWorker(access.worker),
      access.nats && lookAtNats(access.nats),
      access.redis && pingRedis(access.redis),
      redisHttp && token !== undefined ? lookAtRedisHttp({ url: redisHttp.url, token }) : undefined,
      database && isPostgres ? lookAtDatabase(database) : undefined,
      database && !isPostgres
        ? lookAtClickHouse(database, {
            user: settings.CLICKHOUSE_USER || "default",
            password: settings.CLICKHOUSE_PASSWORD ?? "",
          })
        : undefined,
      database && databaseHttp ? lookAtDatabaseHttp(databaseHttp, database) : undefined,
    ]);
  return {
    machine,
    edge,
    worker,
    nats,
    redis,
    redisHttp: redisReply,
    database: postgres,
    clickHouse,
    databaseHttp: neon,
  };
}

function readClocks({ edge, worker, nats, redisHttp, database }: Facts): NamedReading[] {
  const redis = valueIn(redisHttp);
  return [
    { name: "edge", reading: edge && clockOfEdge(edge) },
    { name: "worker", reading: valueIn(worker?.health)?.clock },
    { name: "NATS", reading: valueIn(nats?.streams?.probe) },
    { name: "Redis", reading: redis && clockOf(readReplies(redis.body), redis) },
    { name: "database", reading: valueIn(database)?.clock },
  ];
}
