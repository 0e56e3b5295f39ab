import { createRedisScript } from "./redis-script.ts";

/**
 * One round trip before publishing: remembers events that have become durable, takes the new ones from the project's token bucket
 * and, if it holds enough, tells which of them were remembered. Redis runs a script as one step, so the bucket is exact over all
 * isolates and regions. The time is Redis' own, since isolates' clocks differ.
 *
 * KEYS: the bucket, a seen key for each of the new events, then one for each event to remember.
 * ARGV: events per second, burst, cost, seconds to remember.
 * Answers {allowed 0|1, remaining, milliseconds until allowed or whole, positions of remembered events from 0 …}.
 */
export const ADMISSION_SCRIPT = createRedisScript(`
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
for i = cost + 2, #KEYS do
  redis.call('SET', KEYS[i], '1', 'NX', 'EX', ARGV[4])
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
tokens = math.max(0, math.min(burst, tokens + math.max(0, now - at) * rate / 1000))
if tokens < cost then
  return {0, math.floor(tokens), math.ceil((cost - tokens) * 1000 / rate)}
end
tokens = tokens - cost
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)

local answer = {1, math.floor(tokens), math.ceil((burst - tokens) * 1000 / rate)}
for first = 2, cost + 1, 1000 do
  local last = math.min(first + 999, cost + 1)
  for i, value in ipairs(redis.call('MGET', unpack(KEYS, first, last))) do
    if value then answer[#answer + 1] = first + i - 3 end
  end
end
return answer
`);

/** Remembers durable events. KEYS: a seen key for each. ARGV: seconds to remember. */
export const MARK_SEEN_SCRIPT = createRedisScript(`
for _, key in ipairs(KEYS) do
  redis.call('SET', key, '1', 'NX', 'EX', ARGV[1])
end
return #KEYS
`);
