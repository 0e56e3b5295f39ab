import { type SlowCase, slowCase } from "../http/slow-case.ts";
import type { FuzzProject } from "./fuzz-project.ts";

export function slowCases({ keys }: FuzzProject): SlowCase[] {
  const post = (key: string, framing: string, path = "/v1/events") =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`;
  const long = "content-length: 100";
  return [
    slowCase("a body a byte a second", post(keys.w, long), '{"ev', 408),
    slowCase("chunks a byte a second", post(keys.w, "transfer-encoding: chunked"), "5\r\n{", 408),
    slowCase("gigabytes, a byte a second", post(keys.w, "content-length: 9999999999"), "[[", 413),
    slowCase("no body at all", post(keys.w, "content-length: 10"), "", 408),
    slowCase("a query that does not end", post(keys.r, long, "/v1/query"), "{", 408),
    slowCase("a body after a wrong key", post("slu_w_x", long), "{", 401),
    slowCase("a body after a key for other things", post(keys.r, long), "{", 403),
    slowCase("a body for no route", post(keys.w, long, "/nowhere"), "{", 404),
    slowCase("a head a byte a second", "GET /healthz HTTP/1.1\r\n", "host"),
    slowCase("a head that has only begun", "G", ""),
  ];
}
