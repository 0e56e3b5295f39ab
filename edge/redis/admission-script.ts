import { TOKEN_BUCKET } from "../limits/token-bucket.ts";
import { createRedisScript } from "./redis-script.ts";

/**
 * One round trip before publishing: remembers events that have become durable, takes the new ones and their request from the project's
 * token buckets and daily quotas and, if each of those holds enough, tells which of them were remembered. A request that one of them
 * refuses takes from none. Redis runs a script as one step, so the limits are exact over all isolates and regions. The time is Redis'
 * own, since isolates' clocks differ; so is the day.
 *
 * KEYS: the buckets, the quotas, a seen key for each of the new events, then one for each event to remember.
 * ARGV: events per second, their burst, requests per second, their burst, events per day, requests per day (0: no quota), number of
 * events, seconds to remember.
 * Answers {sum of what refused: 1 events, 2 requests, 4 events of the day, 8 requests of the day; events left, milliseconds until
 * allowed or whole; requests left, the same; events left today, requests left today (-1: no quota), milliseconds until midnight;
 * positions of remembered events from 0 …}.
 */
export const ADMISSION_SCRIPT = createRedisScript(`
local eventRate, eventBurst = tonumber(ARGV[1]), tonumber(ARGV[2])
local requestRate, requestBurst = tonumber(ARGV[3]), tonumber(ARGV[4])
local eventQuota, requestQuota = tonumber(ARGV[5]), tonumber(ARGV[6])
local cost = tonumber(ARGV[7])
for i = cost + 3, #KEYS do
  redis.call('SET', KEYS[i], '1', 'NX', 'EX', ARGV[8])
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
${TOKEN_BUCKET}
local bucket = redis.call('HMGET', KEYS[1], 'at', 'tokens', 'requests')
local events = refill(bucket[2], bucket[1], eventRate, eventBurst)
local requests = refill(bucket[3], bucket[1], requestRate, requestBurst)

local today = math.floor(time[1] / 86400)
local eventsToday, requestsToday = 0, 0
local hasQuota = eventQuota > 0 or requestQuota > 0
if hasQuota then
  local used = redis.call('HMGET', KEYS[2], 'day', 'events', 'requests')
  if tonumber(used[1]) == today then
    eventsToday, requestsToday = tonumber(used[2]) or 0, tonumber(used[3]) or 0
  end
end

local refused = 0
if events < cost then refused = refused + 1 end
if requests < 1 then refused = refused + 2 end
if eventQuota > 0 and eventsToday + cost > eventQuota then refused = refused + 4 end
if requestQuota > 0 and requestsToday + 1 > requestQuota then refused = refused + 8 end

local eventsReset = untilHolds(events, cost, eventRate)
local requestsReset = untilHolds(requests, 1, requestRate)
if refused == 0 then
  events, requests = events - cost, requests - 1
  eventsToday, requestsToday = eventsToday + cost, requestsToday + 1
  redis.call('HSET', KEYS[1], 'at', now, 'tokens', tostring(events), 'requests', tostring(requests))
  local fullAfter = math.max(eventBurst / eventRate, requestBurst / requestRate)
  redis.call('PEXPIRE', KEYS[1], math.ceil(fullAfter * 1000) + 1000)
  if hasQuota then
    redis.call('HSET', KEYS[2], 'day', today, 'events', eventsToday, 'requests', requestsToday)
    redis.call('EXPIRE', KEYS[2], 172800)
  end
end
if eventsReset == 0 then eventsReset = untilHolds(events, eventBurst, eventRate) end
if requestsReset == 0 then requestsReset = untilHolds(requests, requestBurst, requestRate) end

local function left(quota, used)
  if quota == 0 then return -1 end
  return math.max(0, quota - used)
end
local answer = {
  refused, math.floor(events), eventsReset, math.floor(requests), requestsReset,
  left(eventQuota, eventsToday), left(requestQuota, requestsToday), (today + 1) * 86400000 - now
}
if refused > 0 then return answer end

for first = 3, cost + 2, 1000 do
  local last = math.min(first + 999, cost + 2)
  for i, value in ipairs(redis.call('MGET', unpack(KEYS, first, last))) do
    if value then answer[#answer + 1] = first + i - 4 end
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
