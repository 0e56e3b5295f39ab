import { describe, expect, it } from "vitest";
import { ProblemError } from "../../edge/http/problem.ts";
import { readBody } from "../../edge/http/read-body.ts";
import { streaming } from "./test-app.ts";

const text = new TextEncoder();

function post(body: ReadableStream, headers: Record<string, string> = {}): Request {
  return new Request("https://edge.test", streaming({ method: "POST", body, headers }));
}

/** Sends a part, and then nothing for ever. */
function unfinished(): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.enqueue(text.encode("{")) });
}

/** Sends a part, and then fails, as a body does whose chunks are none. */
function failing(): ReadableStream {
  const stream = new TransformStream();
  const writer = stream.writable.getWriter();
  void writer
    .write(text.encode("{"))
    .then(() => writer.abort(new TypeError("invalid chunk at byte 17")))
    .catch(() => {});
  return stream.readable;
}

async function problemOf(reading: Promise<unknown>): Promise<Partial<ProblemError>> {
  const error = await reading.catch((reason: unknown) => reason);
  if (!(error instanceof ProblemError)) throw error;
  return error;
}

describe("readBody()", () => {
  it("gives up a body that does not arrive in time", async () => {
    const { slug, message } = await problemOf(readBody(post(unfinished()), 100, 50));
    expect(slug).toBe("request-timeout");
    expect(message).toBe("The body did not arrive within 0.05 s");
  });

  it("says what is wrong with a body that breaks off, without the runtime's words", async () => {
    const { slug, message } = await problemOf(readBody(post(failing())));
    expect(slug).toBe("malformed-body");
    expect(message).toBe("Cannot read body: it does not arrive as its headers say");
  });

  it("counts a body without a length while it streams", async () => {
    const body = new Response("x".repeat(101)).body as ReadableStream;
    const { slug } = await problemOf(readBody(post(body), 100));
    expect(slug).toBe("body-too-large");
  });
});
