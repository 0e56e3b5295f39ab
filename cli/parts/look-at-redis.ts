import { connect } from "node:net";
import { REVOKED_KEYS } from "../../contract/revocation.ts";
import { resourceUrl } from "../target.ts";
import { type Answer, ask } from "./answer.ts";
import { askHttp, type HttpReply } from "./ask-http.ts";

const TIMEOUT_MS = 2_500;

/** What Redis answers to each command: a result, or why there is none. */
export type RedisReply = { readonly result?: unknown; readonly error?: string };

/** None changes anything. The edge runs scripts, which a token that only reads may not. */
export const REDIS_COMMANDS = [
  ["PING"],
  ["TIME"],
  ["INFO"],
  ["CONFIG", "GET", "maxmemory-policy"],
  ["TYPE", REVOKED_KEYS],
  ["HLEN", REVOKED_KEYS],
  ["EVAL", "return 1", "0"],
] as const;

/** Redis through Upstash's REST, as the edge asks it. */
export function lookAtRedisHttp(access: {
  readonly url: URL;
  readonly token: string;
}): Promise<Answer<HttpReply>> {
  const url = resourceUrl(access.url, "pipeline");
  const question = { method: "POST", token: access.token, body: REDIS_COMMANDS } as const;
  return askHttp(url, TIMEOUT_MS, question);
}

/** Redis itself: whether it lets us in and answers. */
export function pingRedis({ hostname, port, password }: URL): Promise<Answer<string>> {
  return ask(TIMEOUT_MS, (signal) => {
    const answer = Promise.withResolvers<string>();
    const socket = connect({ host: hostname, port: Number(port) || 6379 });
    signal.addEventListener("abort", () => socket.destroy());
    socket.setEncoding("utf8");
    socket.write(`AUTH ${decodeURIComponent(password)}\r\nPING\r\n`);
    let text = "";
    socket.on("data", (chunk: string) => {
      text += chunk;
      const refusal = /^-.*$/m.exec(text)?.[0];
      if (refusal === undefined && !text.includes("+PONG")) return;
      socket.destroy();
      if (refusal === undefined) answer.resolve("PONG");
      else answer.reject(new Error(refusal.slice(1)));
    });
    socket.on("error", answer.reject);
    socket.on("close", () => answer.reject(new Error("it ended the connection")));
    return answer.promise;
  });
}
