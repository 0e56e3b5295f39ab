import { fileURLToPath } from "node:url";
import { createLocalObjects } from "./local-objects.ts";
import type { ObjectStore } from "./object-store.ts";
import { createS3Objects } from "./s3-objects.ts";

export type ObjectStoreSettings = {
  /** `file:///folder` or `s3://bucket/prefix`. */
  readonly url: string;
  readonly s3: {
    readonly endpoint?: string | undefined;
    readonly region: string;
    readonly accessKeyId?: string | undefined;
    readonly secretAccessKey?: string | undefined;
  };
  readonly scratchDir: string;
};

/** @throws when the settings do not suffice. */
export function openObjectStore({ url, s3, scratchDir }: ObjectStoreSettings): ObjectStore {
  if (url.startsWith("file:")) return createLocalObjects(fileURLToPath(url));
  const { hostname: bucket, pathname } = new URL(url);
  const { accessKeyId, secretAccessKey } = s3;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new TypeError(
      "Cannot open cold tier: COLD_S3_ACCESS_KEY_ID and COLD_S3_SECRET_ACCESS_KEY are not both set",
    );
  }
  const prefix = pathname.replace(/^\/+|\/+$/g, "");
  return createS3Objects({ ...s3, accessKeyId, secretAccessKey, bucket, prefix, scratchDir });
}
