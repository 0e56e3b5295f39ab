import { expect, it } from "vitest";
import { discardBody } from "../../edge/http/discard-body.ts";
import { streaming } from "./test-app.ts";

const MEBIBYTE = 1024 * 1024;

function post(body: ReadableStream, headers: Record<string, string> = {}): Request {
  return new Request("https://edge.test", streaming({ method: "POST", body, headers }));
}

/** A client that would go on for ever; counts what is taken from it. */
function endlessBody() {
  let sentBytes = 0;
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      sentBytes += MEBIBYTE;
      controller.enqueue(new Uint8Array(MEBIBYTE));
    },
  });
  return { body, sentBytes: () => sentBytes };
}

it("discardBody() takes no more than some 16 MiB from a client that never ends", async () => {
  const { body, sentBytes } = endlessBody();
  await discardBody(post(body));
  expect(sentBytes()).toBeGreaterThanOrEqual(16 * MEBIBYTE);
  expect(sentBytes()).toBeLessThan(20 * MEBIBYTE);
});

it("discardBody() takes nothing of a body that says it is longer", async () => {
  const { body, sentBytes } = endlessBody();
  const headers = { "content-length": String(17 * MEBIBYTE) };
  await discardBody(post(body, headers));
  expect(sentBytes()).toBeLessThanOrEqual(MEBIBYTE);
});

it("discardBody() waits no longer than it is told for a body that does not end", async () => {
  const body = new ReadableStream({
    type: "bytes",
    start: (controller) => controller.enqueue(new Uint8Array(1)),
  });
  await discardBody(post(body), 50);
});

it("discardBody() takes a small body whole, however it comes", async () => {
  let pulls = 0;
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      pulls += 1;
      controller.enqueue(new Uint8Array(100));
      if (pulls === 3) controller.close();
    },
  });
  const headers = { "content-length": "300" };
  const request = post(body, headers);
  await discardBody(request);
  expect([pulls, request.bodyUsed]).toEqual([3, true]);
});
