import { createWriteStream } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AwsClient } from "aws4fetch";
import { pause } from "../pause.ts";
import { retryDelayMs } from "../retry-delay.ts";
import { type CachedFile, createFileCache } from "./file-cache.ts";
import {
  OBJECT_NAME,
  ObjectMissingError,
  type ObjectStore,
  ObjectStoreError,
  type StoredObject,
} from "./object-store.ts";

export type S3Options = {
  /** Without it, Amazon's for the region. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** For staged files and copies of remote ones. */
  readonly scratchDir: string;
  readonly maxCacheBytes?: number;
  /** Of one attempt. A file of the largest size must get through in it. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
};

const DEFAULT_CACHE_BYTES = 4 * 1024 ** 3;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_ATTEMPTS = 4;
/** Files that are fetched at once. */
const PARALLEL_FETCHES = 6;
const NEVER = new AbortController().signal;

/**
 * S3, R2 and whatever speaks their protocol. Files are moved whole, as DuckDB's own client for S3 is an extension that it would load from
 * the network. Buckets stand in the path, which every server understands.
 */
export function createS3Objects(options: S3Options): ObjectStore {
  const { bucket, prefix, region, accessKeyId, secretAccessKey, scratchDir } = options;
  const { attempts = DEFAULT_ATTEMPTS, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const endpoint = (options.endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, "");
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
  const stagingDir = join(scratchDir, "cold-staging");
  const cacheDir = join(scratchDir, "cold-cache");
  const cache = createFileCache(cacheDir, options.maxCacheBytes ?? DEFAULT_CACHE_BYTES);
  const keyPrefix = prefix === "" ? "" : `${prefix}/`;

  return {
    stagingDir,
    folders: [stagingDir, cacheDir],
    async prepare() {
      await mkdir(stagingDir, { recursive: true });
      await cache.prepare();
    },
    async put(name, localPath) {
      const body = await readFile(localPath);
      await request(`store "${name}"`, async (signal) => {
        const response = await client.fetch(urlOf(name), { method: "PUT", body, signal });
        await consume(response);
        return response.ok ? { done: undefined } : { refused: response };
      });
      await rm(localPath, { force: true });
    },
    async lend(names, signal) {
      const files = await lendAll(names, signal);
      return {
        paths: files.map(({ path }) => path),
        async release() {
          for (const file of files) await file.release();
        },
      };
    },
    forgetCopy: (name, bytes) => cache.discard(name, bytes),
    async remove(name) {
      await request(`remove "${name}"`, async (signal) => {
        const response = await client.fetch(urlOf(name), { method: "DELETE", signal });
        await consume(response);
        return response.ok || response.status === 404 ? { done: undefined } : { refused: response };
      });
      await cache.forget(name);
    },
    async *list() {
      for (let token: string | undefined = ""; token !== undefined; ) {
        const page: ListPage = await listPage(token);
        yield* page.objects;
        token = page.next;
      }
    },
  };

  /** Fetches a few files at a time, whose copies others may be waiting for too. Nothing stays lent when one fails. */
  async function lendAll(names: readonly string[], signal?: AbortSignal): Promise<CachedFile[]> {
    const files: CachedFile[] = [];
    for (let from = 0; from < names.length; from += PARALLEL_FETCHES) {
      signal?.throwIfAborted();
      const group = names.slice(from, from + PARALLEL_FETCHES);
      const results = await Promise.allSettled(
        group.map((name) => cache.lend(name, (path) => fetchTo(name, path))),
      );
      for (const result of results) if (result.status === "fulfilled") files.push(result.value);
      const failure = results.find((result) => result.status === "rejected");
      if (failure === undefined) continue;
      for (const file of files) await file.release();
      throw failure.reason;
    }
    return files;
  }

  async function fetchTo(name: string, path: string): Promise<void> {
    await request(`fetch "${name}"`, async (signal) => {
      const response = await client.fetch(urlOf(name), { signal });
      if (response.status === 404) {
        await consume(response);
        throw new ObjectMissingError(name);
      }
      if (!response.ok || response.body === null) {
        await consume(response);
        return { refused: response };
      }
      // A body that is shorter than its length says makes this reject.
      await pipeline(Readable.fromWeb(response.body), createWriteStream(path), { signal });
      return { done: undefined };
    });
  }

  async function listPage(token: string): Promise<ListPage> {
    const url = new URL(`${endpoint}/${bucket}`);
    url.searchParams.set("list-type", "2");
    url.searchParams.set("prefix", keyPrefix);
    if (token !== "") url.searchParams.set("continuation-token", token);
    const text = await request(`list "${bucket}/${prefix}"`, async (signal) => {
      const response = await client.fetch(url, { signal });
      if (response.ok) return { done: await response.text() };
      await consume(response);
      return { refused: response };
    });
    return readListPage(text, keyPrefix);
  }

  /**
   * Tries a few times: lost connections, time-outs, 5xx and 429 may pass.
   * @throws {ObjectStoreError} with the last failure as its cause.
   */
  async function request<T>(
    what: string,
    attempt: (signal: AbortSignal) => Promise<Outcome<T>>,
  ): Promise<T> {
    for (let failures = 0; ; ) {
      let cause: unknown;
      let isFinal = false;
      try {
        const outcome = await attempt(AbortSignal.timeout(timeoutMs));
        if ("done" in outcome) return outcome.done;
        const { status } = outcome.refused;
        isFinal = status < 500 && status !== 429;
        cause = new Error(`the server answered ${status}`);
      } catch (error) {
        if (error instanceof ObjectMissingError) throw error;
        cause = error;
      }
      failures += 1;
      if (isFinal || failures >= attempts) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new ObjectStoreError(`Cannot ${what}: ${reason}`, { cause });
      }
      await pause(retryDelayMs(failures - 1, Math.random()), NEVER);
    }
  }

  function urlOf(name: string): string {
    const key = `${keyPrefix}${name}`.split("/").map(encodeURIComponent).join("/");
    return `${endpoint}/${bucket}/${key}`;
  }
}

type Outcome<T> = { readonly done: T } | { readonly refused: Response };

type ListPage = { readonly objects: readonly StoredObject[]; readonly next: string | undefined };

/** The answer to ListObjectsV2; names of ours hold nothing that XML escapes. */
export function readListPage(xml: string, keyPrefix: string): ListPage {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, entry = ""]) => {
    const key = elementOf(entry, "Key") ?? "";
    const name = key.slice(keyPrefix.length);
    if (!key.startsWith(keyPrefix) || !OBJECT_NAME.test(name)) return [];
    const modifiedMs = Date.parse(elementOf(entry, "LastModified") ?? "");
    return [{ name, bytes: Number(elementOf(entry, "Size")), modifiedMs }];
  });
  const isTruncated = elementOf(xml, "IsTruncated") === "true";
  const next = isTruncated ? elementOf(xml, "NextContinuationToken") : undefined;
  return { objects, next: next?.replaceAll("&amp;", "&") };
}

function elementOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

/** Lets the connection go back to the pool. */
async function consume(response: Response): Promise<void> {
  await response.arrayBuffer().catch(() => {});
}
