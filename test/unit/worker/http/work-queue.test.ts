import { expect, test } from "vitest";
import { createWorkQueue, QueueFullError } from "../../../../worker/http/work-queue.ts";

const never = new AbortController().signal;

test("createWorkQueue() runs so many at once and the others in order", async () => {
  const queue = createWorkQueue({ maxRunning: 2, maxWaiting: 10 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const results = [0, 1, 2, 3, 4].map((number) =>
    queue.run(async () => {
      begun.push(number);
      await new Promise<void>((end) => ends.push(end));
      return number;
    }, never),
  );
  await settle();
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  await settle();
  expect(begun).toEqual([0, 1, 2]);
  for (let next = 0; next < 5; next += 1) {
    ends[next]?.();
    await settle();
  }
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4]);
});

test("createWorkQueue() refuses what would wait beyond the limit, and takes it later", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 1 });
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const first = queue.run(() => promise, never);
  const second = queue.run(async () => "second", never);
  await expect(queue.run(async () => "third", never)).rejects.toThrow(QueueFullError);
  end();
  await first;
  expect(await second).toBe("second");
  expect(await queue.run(async () => "fourth", never)).toBe("fourth");
});

test("createWorkQueue() lets whoever gives up leave the line", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 1 });
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const first = queue.run(() => promise, never);
  const impatient = new AbortController();
  const second = queue.run(async () => "second", impatient.signal);
  impatient.abort(new Error("too long"));
  await expect(second).rejects.toThrow("too long");
  const third = queue.run(async () => "third", never);
  end();
  await first;
  expect(await third).toBe("third");
  await expect(queue.run(async () => "", impatient.signal)).rejects.toThrow("too long");
});

test("createWorkQueue() keeps the place of work that goes on after its caller has given up", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 0 });
  const { promise, reject } = Promise.withResolvers<void>();
  const impatient = new AbortController();
  const work = queue.run(() => promise, impatient.signal);
  impatient.abort(new Error("too long"));
  await expect(work).rejects.toThrow("too long");
  await expect(queue.run(async () => "", never)).rejects.toThrow(QueueFullError);
  reject(new Error("interrupted"));
  await settle();
  expect(await queue.run(async () => "free", never)).toBe("free");
});

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
