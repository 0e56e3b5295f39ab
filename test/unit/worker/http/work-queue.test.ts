import { expect, test } from "vitest";
import {
  createWorkQueue,
  QueueFullError,
  type WorkQueueLimits,
} from "../../../../worker/http/work-queue.ts";

const never = new AbortController().signal;

test("createWorkQueue() runs so many at once and the others in order", async () => {
  const queue = createWorkQueue({ maxRunning: 2, maxWaiting: 10 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const results = [0, 1, 2, 3, 4].map((number) =>
    queue.run(
      "shop",
      async () => {
        begun.push(number);
        await new Promise<void>((end) => ends.push(end));
        return number;
      },
      never,
    ),
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

test("createWorkQueue() tells how much runs and waits", async () => {
  const queue = createWorkQueue({ maxRunning: 2, maxWaiting: 10 });
  expect(queue.load).toEqual({ running: 0, waiting: 0 });
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const all = [0, 1, 2, 3, 4].map(() => queue.run("shop", () => promise, never));
  expect(queue.load).toEqual({ running: 2, waiting: 3 });
  end();
  await Promise.all(all);
  expect(queue.load).toEqual({ running: 0, waiting: 0 });
});

test("createWorkQueue() refuses what would wait beyond the limit, and takes it later", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 1 });
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const first = queue.run("shop", () => promise, never);
  const second = queue.run("shop", async () => "second", never);
  await expect(queue.run("shop", async () => "third", never)).rejects.toThrow(QueueFullError);
  end();
  await first;
  expect(await second).toBe("second");
  expect(await queue.run("shop", async () => "fourth", never)).toBe("fourth");
});

test("createWorkQueue() lets whoever gives up leave the line", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 1 });
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const first = queue.run("shop", () => promise, never);
  const impatient = new AbortController();
  const second = queue.run("shop", async () => "second", impatient.signal);
  impatient.abort(new Error("too long"));
  await expect(second).rejects.toThrow("too long");
  const third = queue.run("shop", async () => "third", never);
  end();
  await first;
  expect(await third).toBe("third");
  await expect(queue.run("shop", async () => "", impatient.signal)).rejects.toThrow("too long");
});

test("createWorkQueue() keeps the place of work that goes on after its caller has given up", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 0 });
  const { promise, reject } = Promise.withResolvers<void>();
  const impatient = new AbortController();
  const work = queue.run("shop", () => promise, impatient.signal);
  impatient.abort(new Error("too long"));
  await expect(work).rejects.toThrow("too long");
  await expect(queue.run("shop", async () => "", never)).rejects.toThrow(QueueFullError);
  reject(new Error("interrupted"));
  await settle();
  expect(await queue.run("shop", async () => "free", never)).toBe("free");
});

test("createWorkQueue() runs next what is of the project with the fewest running", async () => {
  const { add, begun, endFirst } = createObserved({ maxRunning: 2, maxWaiting: 10 });
  for (const project of ["flood", "flood", "flood", "flood", "shop", "other"]) add(project);
  await settle();
  expect(begun).toEqual(["flood", "flood"]);
  for (let ended = 0; ended < 4; ended += 1) await endFirst();
  // Once none of the flood runs, it has waited longest.
  expect(begun).toEqual(["flood", "flood", "shop", "flood", "other", "flood"]);
});

test("createWorkQueue() gives one project every place that nobody else wants, up to its own limit", async () => {
  const alone = createObserved({ maxRunning: 4, maxWaiting: 0 });
  for (let index = 0; index < 4; index += 1) alone.add("shop");
  await settle();
  expect(alone.begun).toHaveLength(4);

  const limited = createObserved({ maxRunning: 4, maxRunningOfOne: 2, maxWaiting: 1 });
  for (const project of ["shop", "shop", "shop", "other"]) limited.add(project);
  await settle();
  expect(limited.begun).toEqual(["shop", "shop", "other"]);
  await limited.endFirst();
  expect(limited.begun).toEqual(["shop", "shop", "other", "shop"]);
});

test("createWorkQueue() has the newest of the project with the most give way when the line is full", async () => {
  const { add, begun, endFirst, refused } = createObserved({ maxRunning: 1, maxWaiting: 3 });
  for (const project of ["flood", "flood", "flood", "flood"]) add(project);
  add("shop");
  await settle();
  expect(refused).toEqual([["flood", true]]);
  // A project that has as much as any other makes nobody give way.
  add("shop");
  await settle();
  expect(refused.slice(1)).toEqual([["flood", true]]);
  add("shop");
  await settle();
  expect(refused.slice(2)).toEqual([["shop", true]]);
  for (let ended = 0; ended < 3; ended += 1) await endFirst();
  expect(begun).toEqual(["flood", "flood", "shop", "shop"]);
});

test("createWorkQueue() says whose fault it is that there is no place", async () => {
  const { add, refused } = createObserved({ maxRunning: 2, maxRunningOfOne: 2, maxWaiting: 0 });
  for (const project of ["flood", "flood", "flood", "shop"]) add(project);
  await settle();
  expect(refused).toEqual([
    ["flood", true],
    ["shop", false],
  ]);
});

test("createWorkQueue() loses no place when who gives way also gives up", async () => {
  const queue = createWorkQueue({ maxRunning: 1, maxWaiting: 2 });
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const first = queue.run("flood", () => promise, never);
  const impatient = new AbortController();
  const kept = queue.run("flood", async () => "kept", never);
  const evicted = queue.run("flood", async () => "evicted", impatient.signal);
  const other = queue.run("shop", async () => "other", never);
  impatient.abort(new Error("too long"));
  await expect(evicted).rejects.toThrow();
  end();
  await first;
  expect(await Promise.all([kept, other])).toEqual(["kept", "other"]);
  const { promise: busy, resolve: free } = Promise.withResolvers<void>();
  const last = queue.run("shop", () => busy, never);
  const waits = queue.run("shop", async () => "one at a time", never);
  await settle();
  free();
  await last;
  expect(await waits).toBe("one at a time");
});

/** A queue of work that ends when it is told to. */
function createObserved(limits: WorkQueueLimits) {
  const queue = createWorkQueue(limits);
  const begun: string[] = [];
  const refused: [string, boolean][] = [];
  const ends: (() => void)[] = [];
  const add = (project: string) => {
    const work = () => {
      begun.push(project);
      return new Promise<void>((end) => ends.push(end));
    };
    queue.run(project, work, never).catch((error) => {
      refused.push([project, (error as QueueFullError).isOwnFault]);
    });
  };
  const endFirst = async () => {
    ends.shift()?.();
    await settle();
  };
  return { add, begun, refused, endFirst };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
