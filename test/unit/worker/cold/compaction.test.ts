import { describe, expect, it } from "vitest";
import { checkSum, chooseFilesToMerge } from "../../../../worker/cold/compaction.ts";
import type { ColdFile } from "../../../../worker/cold/manifest.ts";

describe("chooseFilesToMerge()", () => {
  it("leaves eight files of one size alone", () => {
    expect(chooseFilesToMerge(files(Array(8).fill(3)))).toEqual([]);
  });

  it("merges nine of one size, and no others", () => {
    const sizes = [...Array(9).fill(3), 100, 90_000];
    expect(chooseFilesToMerge(files(sizes)).map(({ events }) => events)).toEqual(Array(9).fill(3));
  });

  it("begins with the smallest", () => {
    const sizes = [...Array(9).fill(5_000), ...Array(10).fill(1)];
    expect(chooseFilesToMerge(files(sizes))).toHaveLength(10);
  });

  it("never touches large files", () => {
    expect(chooseFilesToMerge(files(Array(20).fill(300_000)))).toEqual([]);
  });

  it("writes a row again at most once for each size", () => {
    let partition = files([]);
    let written = 0;
    for (let index = 0; index < 4_000; index += 1) {
      partition = [...partition, ...files([1])];
      for (;;) {
        const merged = chooseFilesToMerge(partition);
        if (merged.length === 0) break;
        const events = merged.reduce((sum, file) => sum + file.events, 0);
        written += events;
        partition = [...partition.filter((file) => !merged.includes(file)), ...files([events])];
      }
    }
    expect(partition.length).toBeLessThan(40);
    expect(written / 4_000).toBeLessThan(5);
  });
});

describe("checkSum()", () => {
  const parts = [
    { path: "a", events: 2, checksum: "9007199254740993" },
    { path: "b", events: 1, checksum: "2" },
  ];

  it("takes what holds as many events as its parts, with the same identities", () => {
    expect(() => checkSum({ events: 3, checksum: "9007199254740995" }, parts)).not.toThrow();
  });

  it.each([
    [{ events: 2, checksum: "9007199254740995" }],
    [{ events: 3, checksum: "9007199254740996" }],
    [undefined],
  ])("refuses %j", (made) => {
    expect(() => checkSum(made, parts)).toThrow(
      /^Cannot merge files "a", "b": read \d events with/,
    );
  });
});

let paths = 0;

function files(sizes: readonly number[]): ColdFile[] {
  return sizes.map((events) => {
    paths += 1;
    return {
      path: `${paths}`,
      projectId: "shop",
      month: "2024-01",
      events,
      bytes: events,
      minOccurredAt: "",
      maxOccurredAt: "",
      checksum: "0",
    };
  });
}
