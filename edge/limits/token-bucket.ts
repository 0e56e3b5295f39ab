/**
 * Lua of a token bucket, for scripts that have `now` in milliseconds. `refill` tells what it holds by now of what it held `at` a time:
 * never more than its burst, never less than nothing, and a whole one where nothing is known of it. `untilHolds` tells in how many
 * milliseconds it will hold `wanted`, 0 if it does.
 */
export const TOKEN_BUCKET = `
local function refill(left, at, rate, burst)
  local idle = math.max(0, now - (tonumber(at) or now))
  return math.max(0, math.min(burst, (tonumber(left) or burst) + idle * rate / 1000))
end
local function untilHolds(left, wanted, rate)
  return math.ceil(math.max(0, wanted - left) * 1000 / rate)
end
`;
