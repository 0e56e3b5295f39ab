import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { findFreePort } from "../../local/free-port.ts";
import { listenOnLoopback } from "../../local/listen-on-loopback.ts";
import { makeTempDir } from "./temp-dir.ts";

/** How requests fare: as they should, refused with 500, answered never, or cut off in the middle of the answer. */
export type S3Mood = "well" | "refusing" | "silent" | "cutting";

/** A real S3 server over HTTP, with one bucket, that can be told to misbehave. */
export type S3Service = {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  mood: S3Mood;
  /** Requests taken, by method. */
  readonly requests: Map<string, number>;
  /** Closes the port; what is stored stays. */
  shut(): Promise<void>;
  open(): Promise<void>;
  stop(): Promise<void>;
};

type S3rver = {
  configureBuckets(): Promise<void>;
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
};
type S3rverClass = new (options: object) => S3rver;

const BUCKET = "cold";
/** What s3rver knows. */
const KEY = "S3RVER";

export async function startS3(): Promise<S3Service> {
  const S3rver = createRequire(import.meta.url)("s3rver") as S3rverClass;
  const folder = await makeTempDir("s3");
  const app = new S3rver({
    directory: folder.path,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET, configs: [] }],
  });
  await app.configureBuckets();
  const answer = app.callback();
  const port = await findFreePort();
  const create = () =>
    createServer((request, response) => {
      const { method = "" } = request;
      service.requests.set(method, (service.requests.get(method) ?? 0) + 1);
      switch (service.mood) {
        case "well":
          return answer(request, response);
        case "refusing":
          request.resume();
          response.writeHead(500).end();
          return;
        case "silent":
          request.resume();
          return;
        case "cutting":
          request.resume();
          response.writeHead(200, { "content-length": "1000000" }).write("part of it");
          setImmediate(() => response.destroy());
      }
    });
  let server = create();
  const service: S3Service = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    accessKeyId: KEY,
    secretAccessKey: KEY,
    mood: "well",
    requests: new Map(),
    async shut() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    async open() {
      server = create();
      await listenOnLoopback(server, port);
    },
    async stop() {
      if (server.listening) await service.shut();
      await folder.remove();
    },
  };
  await listenOnLoopback(server, port);
  return service;
}
