import { expect, it } from "vitest";
import { discardBody } from "../../edge/discard-body.ts";

const MEBIBYTE = 1024 * 1024;

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
  await discardBody(new Request("https://edge.test", { method: "POST", body }));
  expect(sentBytes()).toBeGreaterThanOrEqual(16 * MEBIBYTE);
  expect(sentBytes()).toBeLessThan(20 * MEBIBYTE);
});

it("discardBody() takes nothing of a body that says it is longer", async () => {
  const { body, sentBytes } = endlessBody();
  const headers = { "content-length": String(17 * MEBIBYTE) };
  await discardBody(new Request("https://edge.test", { method: "POST", body, headers }));
  expect(sentBytes()).toBeLessThanOrEqual(MEBIBYTE);
});

it("discardBody() waits no longer than it is told for a body that does not end", async () => {
  const body = new ReadableStream({
    type: "bytes",
    start: (controller) => controller.enqueue(new Uint8Array(1)),
  });
  await discardBody(new Request("https://edge.test", { method: "POST", body }), 50);
});
