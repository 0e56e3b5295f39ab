import { describe, expect, it } from "vitest";
import { createLimitCounters } from "../../../../edge/limits/limit-counters.ts";
import { createLocalLimits } from "../../../../edge/limits/local-limits.ts";
import { createQueryLimiter } from "../../../../edge/limits/query-limiter.ts";
import type { ProjectLimits } from "../../../../edge/limits/rate-limit.ts";

const RATE = { perSecond: 100, burst: 100 };
const LIMITS: ProjectLimits = {
  events: RATE,
  requests: RATE,
  queryUnits: RATE,
  eventsPerDay: undefined,
  requestsPerDay: undefined,
  concurrentQueries: 2,
};

function create() {
  let nowMs = 0;
  const spent: string[] = [];
  const limiter = createQueryLimiter({
    budget: {
      spend: async (projectId) => {
        spent.push(projectId);
        return undefined;
      },
    },
    limitsOf: (projectId) => (projectId === "large" ? { ...LIMITS, concurrentQueries: 3 } : LIMITS),
    localLimits: createLocalLimits(() => nowMs),
    counters: createLimitCounters(),
    now: () => nowMs,
  });
  const wait = (ms: number) => {
    nowMs += ms;
  };
  /** A question that is answered, or fails, when told to. */
  const begin = (projectId = "shop") => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const asking = limiter.run(projectId, 1, () => promise).then(({ answer }) => answer);
    asking.catch(() => {});
    return { asking, answer: () => resolve("answer"), fail: () => reject(new Error("no store")) };
  };
  return { begin, wait, spent };
}

describe("createQueryLimiter()", () => {
  it("refuses what is more at once than the project may, before a unit is taken", async () => {
    const { begin, spent } = create();
    const [first] = [begin(), begin()];
    const third = begin();
    await expect(third.asking).rejects.toMatchObject({
      slug: "rate-limited",
      limits: ["concurrent-queries"],
      message:
        "The project asks 2 questions at once already: ask again when one of them is answered",
      options: { headers: { "retry-after": "1" } },
    });
    expect(spent).toEqual(["shop", "shop"]);
    first.answer();
    expect(await first.asking).toBe("answer");
    const fourth = begin();
    fourth.answer();
    expect(await fourth.asking).toBe("answer");
  });

  it("keeps projects apart, each with its own number", async () => {
    const { begin } = create();
    for (const project of ["shop", "shop", "large", "large"]) begin(project);
    const last = begin("large");
    last.answer();
    expect(await last.asking).toBe("answer");
    await expect(begin("shop").asking).rejects.toThrow("2 questions");
  });

  it("frees the place of a question that failed", async () => {
    const { begin } = create();
    const [first] = [begin(), begin()];
    first.fail();
    await expect(first.asking).rejects.toThrow("no store");
    const next = begin();
    next.answer();
    expect(await next.asking).toBe("answer");
  });

  it("frees the place of a question that never says how it ended", async () => {
    const { begin, wait } = create();
    const first = begin();
    wait(10_000);
    begin();
    wait(19_999);
    await expect(begin().asking).rejects.toThrow("2 questions");
    wait(1);
    const next = begin();
    await expect(begin().asking).rejects.toThrow("2 questions");
    // An end that comes late frees nothing twice.
    first.answer();
    await first.asking;
    await expect(begin().asking).rejects.toThrow("2 questions");
    next.answer();
    await next.asking;
  });
});
