import { createRedisScript } from "./redis-script.ts";

/**
 * One round trip before publishing: takes the events from the project's token bucket and, if it holds enough, tells which of them
 * are `seen`. Redis runs a script as one step, so the bucket is exact over all isolates and regions. The time is Redis' own,
 * since isolates' clocks differ.
 *
 * KEYS: the bucket, then a `seen` key for each event. ARGV: events per second, burst.
 * Answers {allowed 0|1, remaining, milliseconds until allowed or whole, positions of seen events from 0 …}.
 */
export const ADMISSION_SCRIPT = createRedisScript(`
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), #KEYS - 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(bucket[1]) or burst) + math.max(0, now - (tonumber(bucket[2]) or now)) * rate / 1000)
if tokens < cost then
  return {0, math.floor(tokens), math.ceil((cost - tokens) * 1000 / rate)}
end
tokens = tokens - cost
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)
local answer = {1, math.floor(tokens), math.ceil((burst - tokens) * 1000 / rate)}
local first = 2
while first <= #KEYS do
  local last = math.min(first + 999, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, first, last))
  for i, value in ipairs(values) do
    if value then answer[#answer + 1] = first + i - 3 end
  end
  first = last + 1
end
return answer
`);

/** Remembers durable events. KEYS: a seen key for each. ARGV: how long, in seconds. */
export const MARK_SEEN_SCRIPT = createRedisScript(`
for _, key in ipairs(KEYS) do
  redis.call('SET', key, '1', 'NX', 'EX', ARGV[1])
end
return #KEYS
`);
