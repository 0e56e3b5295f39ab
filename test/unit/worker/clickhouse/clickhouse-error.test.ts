import { parseError } from "@clickhouse/client";
import { describe, expect, it } from "vitest";
import {
  ClickHouseTimeoutError,
  kindOfClickHouseError,
} from "../../../../worker/clickhouse/clickhouse-error.ts";

describe("kindOfClickHouseError()", () => {
  it.each([
    ["Code: 41. DB::Exception: Cannot read DateTime: … (CANNOT_PARSE_DATETIME)", "data"],
    ["Code: 376. DB::Exception: Cannot parse UUID. (CANNOT_PARSE_UUID)", "data"],
    ["Code: 252. DB::Exception: Too many parts (3000). (TOO_MANY_PARTS)", "retryable"],
    ["Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)", "retryable"],
    ["Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY)", "retryable"],
    ["Code: 285. DB::Exception: Number of alive replicas. (TOO_FEW_LIVE_REPLICAS)", "retryable"],
    ["Code: 60. DB::Exception: Table does not exist. (UNKNOWN_TABLE)", "unexpected"],
    ["Code: 497. DB::Exception: Not enough privileges. (ACCESS_DENIED)", "unexpected"],
    ["<html>502 Bad Gateway</html>", "unexpected"],
  ])("of %s is %s", (answer, kind) => {
    expect(kindOfClickHouseError(parseError(answer))).toBe(kind);
  });

  it("of no answer is retryable", () => {
    const error = new ClickHouseTimeoutError("write batch", 60_000);
    expect(error.message).toBe("Cannot write batch: ClickHouse gave no answer for 60 s");
    expect(kindOfClickHouseError(error)).toBe("retryable");
  });
});
