import { createRedisScript } from "../redis/redis-script.ts";
import { TOKEN_BUCKET } from "./token-bucket.ts";

/**
 * Takes a question from its project's bucket of query units, exact over all isolates as the limits of ADMISSION_SCRIPT are.
 *
 * KEYS: the bucket. ARGV: units per second, burst, cost.
 * Answers {0, or 1 when the bucket refused; units left; milliseconds until allowed or whole}.
 */
export const QUERY_SCRIPT = createRedisScript(`
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
${TOKEN_BUCKET}
local bucket = redis.call('HMGET', KEYS[1], 'at', 'units')
local units = refill(bucket[2], bucket[1], rate, burst)
if units < cost then
  return {1, math.floor(units), untilHolds(units, cost, rate)}
end
units = units - cost
redis.call('HSET', KEYS[1], 'at', now, 'units', tostring(units))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)
return {0, math.floor(units), untilHolds(units, burst, rate)}
`);
