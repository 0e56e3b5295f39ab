import fc from "fast-check";
import type { DoorOptions } from "./door.ts";
import type { Tally } from "./tally.ts";

/** The runs of one property without a pause: short, so that a lane that is done early does not leave the others alone for long. */
const RUNS_AT_ONCE = 100;

export type Lanes<Case extends { readonly kind: string }> = Pick<
  DoorOptions,
  "requests" | "concurrency" | "stop"
> & {
  readonly seed: number;
  readonly cases: fc.Arbitrary<Case>;
  readonly tally: Pick<Tally, "fault">;
  /** Tries one case, and says what is wrong with what came of it. */
  readonly attempt: (one: Case) => Promise<string | undefined>;
  /** Now and then: whether what everybody does still works. */
  readonly probe?: () => Promise<string | undefined>;
};

/**
 * Tries random cases, several at a time, each lane with seeds of its own. One that fails is made smaller, and noted with the seed and the path
 * by which fast-check finds it again; the others go on.
 */
export async function runLanes<Case extends { readonly kind: string }>(
  lanes: Lanes<Case>,
): Promise<void> {
  let left = lanes.requests;
  let seed = lanes.seed;
  const runLane = async () => {
    while (left > 0 && !lanes.stop.aborted) {
      const numRuns = Math.min(left, RUNS_AT_ONCE);
      left -= numRuns;
      seed += 1;
      await runProperty(lanes, seed, numRuns);
      const fault = await lanes.probe?.();
      if (fault !== undefined) lanes.tally.fault({ kind: "probe", text: fault, seed });
    }
  };
  await Promise.all(Array.from({ length: lanes.concurrency }, runLane));
}

async function runProperty<Case extends { readonly kind: string }>(
  { cases, tally, attempt, stop }: Lanes<Case>,
  seed: number,
  numRuns: number,
): Promise<void> {
  const property = fc.asyncProperty(cases, async (one) => {
    const fault = stop.aborted ? undefined : await attempt(one);
    if (fault !== undefined) throw new CaseFault(fault);
  });
  const result = await fc.check(property, {
    seed,
    numRuns,
    interruptAfterTimeLimit: TIME_LIMIT_MS,
  });
  if (!result.failed || result.counterexample === null) return;
  const [example] = result.counterexample;
  const { errorInstance, counterexamplePath } = result;
  if (!(errorInstance instanceof CaseFault)) throw errorInstance;
  tally.fault({
    kind: example.kind,
    text: errorInstance.message,
    example: JSON.stringify(example),
    seed,
    ...(counterexamplePath === null ? {} : { path: counterexamplePath }),
  });
}

/** Of making one case smaller: each attempt may take as long as the longest answer. */
const TIME_LIMIT_MS = 120_000;

class CaseFault extends Error {
  override readonly name = "CaseFault";
}
