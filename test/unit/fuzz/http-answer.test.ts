import { describe, expect, it } from "vitest";
import { readAnswer } from "../../fuzz/http/http-answer.ts";

const read = (text: string, method = "GET", isEnded = false) => {
  const found = readAnswer(Buffer.from(text, "latin1"), method, isEnded);
  if (found === undefined) return undefined;
  const { answer, rest } = found;
  return [answer.status, answer.body.toString(), answer.isKept, rest.toString()];
};

describe("readAnswer()", () => {
  it.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", [200, "ab", true, "c"]],
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", [200, "ab", false, ""]],
    [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\nx",
      [200, "abc", true, "x"],
    ],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nx", [304, "", true, "x"]],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP", [100, "", true, "HTTP"]],
  ])("reads %j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  ])("waits for the rest of %j", (text) => {
    expect(read(text)).toBeUndefined();
  });

  it("reads a body without a length up to the end of the connection", () => {
    expect(read("HTTP/1.1 200 OK\r\n\r\nall", "GET", true)).toEqual([200, "all", false, ""]);
  });

  it("knows that an answer to HEAD has no body", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    expect(read(text, "HEAD")).toEqual([200, "", true, ""]);
  });

  it.each(["nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nno header\r\n\r\n"])("refuses %j", (text) => {
    expect(() => read(text)).toThrow("Cannot read answer");
  });
});
