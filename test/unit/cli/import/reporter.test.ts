import { describe, expect, test } from "vitest";
import { formatStatus } from "../../../../cli/import/reporter.ts";
import { formatSummary, formatSummaryJson, type Summary } from "../../../../cli/import/summary.ts";

const summary: Summary = {
  file: "git-events.ndjson.gz",
  read: 150_233,
  accepted: 150_233,
  duplicate: 0,
  rejected: 0,
  readEarlier: 0,
  seconds: 12.3,
  rejectsFile: undefined,
  isComplete: true,
};

describe("formatSummary()", () => {
  test("says what became of a file", () => {
    expect(formatSummary(summary)).toBe(
      "git-events.ndjson.gz: 150233 read, 150233 accepted, 0 duplicate, 0 rejected in 12.3 s (12214 events/s)",
    );
  });

  test("counts the rate of this run only", () => {
    expect(formatSummary({ ...summary, readEarlier: 150_110, isComplete: false })).toBe(
      "git-events.ndjson.gz: 150233 read, 150110 of them in an earlier run, 150233 accepted, 0 duplicate, 0 rejected in 12.3 s (10 events/s), stopped before the end",
    );
  });

  test("adds up as JSON", () => {
    const { total } = JSON.parse(formatSummaryJson([summary, { ...summary, isComplete: false }]));
    expect(total).toMatchObject({
      read: 300_466,
      seconds: 24.6,
      events_per_second: 12_214,
      complete: false,
    });
  });
});

describe("formatStatus()", () => {
  const status = {
    bytesRead: 250_000,
    read: 100,
    readEarlier: 0,
    accepted: 90,
    duplicate: 8,
    rejected: 2,
  };

  test.each([
    [1_000_000, "25 %, 90 accepted, 8 duplicate, 2 rejected, 10 events/s, about 30 s left"],
    [undefined, "0.3 MB, 90 accepted, 8 duplicate, 2 rejected, 10 events/s"],
  ])("with a total of %s", (totalBytes, expected) => {
    expect(formatStatus(status, totalBytes, 10)).toBe(expected);
  });
});
