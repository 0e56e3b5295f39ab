import { describe, expect, it } from "vitest";
import { openObjectStore } from "../../../../worker/cold/open-object-store.ts";

describe("openObjectStore()", () => {
  const settings = { scratchDir: "/scratch", s3: { region: "auto" } };

  it("takes a folder", () => {
    const store = openObjectStore({ ...settings, url: "file:///var/cold%20files" });
    expect(store.folders).toEqual(["/var/cold files"]);
  });

  it("takes a bucket, whose files pass through the scratch folder", () => {
    const s3 = { region: "auto", accessKeyId: "id", secretAccessKey: "secret" };
    const store = openObjectStore({ ...settings, s3, url: "s3://bucket/a/b/" });
    expect(store.folders).toEqual(["/scratch/cold-staging", "/scratch/cold-cache"]);
  });

  it("names what is missing for a bucket", () => {
    expect(() => openObjectStore({ ...settings, url: "s3://bucket" })).toThrow(
      "Cannot open cold tier: COLD_S3_ACCESS_KEY_ID and COLD_S3_SECRET_ACCESS_KEY are not both set",
    );
  });
});
