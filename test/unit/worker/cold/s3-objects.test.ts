import { describe, expect, it } from "vitest";
import { readListPage } from "../../../../worker/cold/s3-objects.ts";

const NAME = "project=shop/month=2024-01/0190163d-8694-739b-aea5-966c26f8ad91.parquet";

describe("readListPage()", () => {
  it("reads names below the prefix, and where the next page begins", () => {
    const xml = `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>
      <Contents><Key>cold/${NAME}</Key><LastModified>2024-03-01T00:00:00.000Z</LastModified><Size>12</Size></Contents>
      <Contents><Key>cold/notes.txt</Key><LastModified>2024-03-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>
      <NextContinuationToken>a&amp;b</NextContinuationToken></ListBucketResult>`;
    expect(readListPage(xml, "cold/")).toEqual({
      objects: [{ name: NAME, bytes: 12, modifiedMs: Date.UTC(2024, 2, 1) }],
      next: "a&b",
    });
  });

  it("ends with the last page", () => {
    expect(
      readListPage("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", ""),
    ).toEqual({
      objects: [],
      next: undefined,
    });
  });
});
