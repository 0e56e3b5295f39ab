import { describeRefusal } from "../describe-refusal.ts";
import { formatBytes } from "../format-bytes.ts";
import type { Access } from "../parts/access.ts";
import type { Answer } from "../parts/answer.ts";
import type { HttpReply } from "../parts/ask-http.ts";
import { type RedisReplies, readReplies } from "../parts/redis-replies.ts";
import { count } from "../table.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { mend } from "./mend.ts";
import { isAtLeast } from "./version.ts";

const itself = findingsOf("redis");
const { ok, warn, fail, skip } = findingsOf("redis-http");

/** The oldest that its makers and Upstash still serve. */
const MIN_VERSION = "6.2";

/** Redis itself, which is asked in the local stack alone. */
export function judgeRedis(
  answer: Answer<string> | undefined,
  deployment: Access["deployment"],
): Finding[] {
  if (answer === undefined) return [];
  if ("value" in answer) return [itself.ok("answers", `in ${Math.round(answer.tookMs)} ms`)];
  return [itself.fail("answers", answer.failure, mend(deployment, "redis", "start redis-server"))];
}

/** Redis as the edge sees it. */
export function judgeRedisHttp(
  answer: Answer<HttpReply> | undefined,
  { redisHttp, deployment }: Pick<Access, "redisHttp" | "deployment">,
): Finding[] {
  if (answer === undefined) {
    const missing = redisHttp === undefined ? "UPSTASH_REDIS_REST_URL and " : "";
    return [skip("answers", `set ${missing}UPSTASH_REDIS_REST_TOKEN to the edge's`)];
  }
  const where = redisHttp?.url.origin ?? "";
  const away = mend(
    deployment,
    "upstash-http",
    "is UPSTASH_REDIS_REST_URL right, and does Redis run behind it?",
  );
  if ("failure" in answer) {
    return [fail("answers", `${where}: ${answer.failure}`, away, ["redis"])];
  }
  const { status, body } = answer.value;
  const said = describeRefusal(status, { ...body, detail: body.detail ?? body.error });
  if (status === 401) {
    return [fail("answers", `${where}: ${said}`, "set UPSTASH_REDIS_REST_TOKEN to the edge's")];
  }
  const replies = status === 200 ? readReplies(body) : undefined;
  if (replies === undefined) {
    const detail = status === 200 ? "it does not speak Upstash's REST" : said;
    return [fail("answers", `${where}: ${detail}`, away, ["redis"])];
  }
  if (replies.pingError !== undefined) {
    return [fail("answers", `${where}: ${replies.pingError}`, away, ["redis"])];
  }
  return [
    ok("answers", `${where} in ${Math.round(answer.tookMs)} ms`),
    ...judgeVersion(replies),
    ...judgeScripts(replies),
    ...judgeMemory(replies),
    ...judgeRevocations(replies),
  ];
}

function judgeVersion({ version }: RedisReplies): Finding[] {
  if (version === undefined) return [];
  if (isAtLeast(version, MIN_VERSION)) return [ok("version", `Redis ${version}`)];
  return [warn("version", `Redis ${version}`, `${MIN_VERSION} or later is what Sluice is for`)];
}

function judgeScripts({ scriptError }: RedisReplies): Finding[] {
  if (scriptError === undefined) return [ok("permissions", "the token may run scripts")];
  const fix = "use the token that may write, not the read-only one: limits are kept by scripts";
  return [fail("permissions", `no scripts: ${scriptError}`, fix)];
}

function judgeMemory({ policy, usedBytes, maxBytes = 0 }: RedisReplies): Finding[] {
  const used = usedBytes === undefined ? "" : `${formatBytes(usedBytes)} in use`;
  const limit = maxBytes > 0 ? `, at most ${formatBytes(maxBytes)}` : "";
  if (policy === undefined) return used === "" ? [] : [ok("memory", used + limit)];
  const detail = [`maxmemory-policy ${policy}`, used + limit].filter(Boolean).join(", ");
  if (policy.startsWith("allkeys-")) {
    const fix = "CONFIG SET maxmemory-policy volatile-lru: else the list of revoked keys may go";
    return [fail("memory", detail, fix)];
  }
  if (policy === "noeviction" && maxBytes > 0) {
    const fix =
      "CONFIG SET maxmemory-policy volatile-lru: else nothing is remembered once it is full";
    return [warn("memory", detail, fix)];
  }
  return [ok("memory", detail)];
}

function judgeRevocations({ revokedType, revoked = 0 }: RedisReplies): Finding[] {
  if (revokedType === "hash" || revokedType === "none") {
    return [ok("revoked keys", revoked === 0 ? "none" : count(revoked, "key"))];
  }
  if (revokedType === undefined) return [];
  const fix = "DEL keys:revoked; the edge tells it again what it knows";
  return [fail("revoked keys", `keys:revoked is no hash but a ${revokedType}`, fix)];
}
