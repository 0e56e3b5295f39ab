import { pathToFileURL } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { type StackService, startStack } from "../stack.ts";
import { makeTempDir, type TempDir } from "../temp-dir.ts";
import { expectOwnAnswers } from "./own-answers.ts";
import { createPlanting, type PlantedProject, type Planting, PROJECTS } from "./planted-events.ts";
import { createProjectUnderTest, type ProjectUnderTest } from "./project-under-test.ts";

export type BenchOptions = {
  /** Of npm start. */
  readonly args: readonly string[];
  readonly hasColdTier: boolean;
};

/** A running stack and the projects in it. Its tests follow one another: each begins where the one before has left the projects. */
export type Bench = {
  readonly hasColdTier: boolean;
  readonly stack: StackService;
  readonly planting: Planting;
  readonly projects: readonly ProjectUnderTest[];
  /** Where the cold tier's files are. */
  readonly coldFolder: string;
  of(id: PlantedProject): ProjectUnderTest;
  /** Every way to read these projects' events gives those that they have. */
  expectOwn(...ids: readonly PlantedProject[]): Promise<void>;
};

const COUNTED_TIMEOUT_MS = 120_000;

/** Starts it before the tests of the block, and ends it after the last. */
export function useBench({ args, hasColdTier }: BenchOptions): Bench {
  let stack: StackService | undefined;
  let folder: TempDir | undefined;
  let projects: readonly ProjectUnderTest[] = [];
  const planting = createPlanting(Date.now());

  beforeAll(async () => {
    const coldFolder = await makeTempDir("cold");
    folder = coldFolder;
    const cold = hasColdTier ? { COLD_URL: pathToFileURL(coldFolder.path).href } : {};
    const ready = await startStack({ args, env: { ACCESS_LOG: "true", ...cold } });
    stack = ready;
    projects = await Promise.all(
      PROJECTS.map((id) => createProjectUnderTest(ready, id, planting.eventsOf(id))),
    );
  });
  afterAll(async () => {
    await stack?.stop();
    await folder?.remove();
  });

  return {
    hasColdTier,
    planting,
    get stack() {
      return started(stack);
    },
    get projects() {
      return projects;
    },
    get coldFolder() {
      return started(folder).path;
    },
    of,
    async expectOwn(...ids) {
      await started(projects[0]).client.waitUntilCounted(COUNTED_TIMEOUT_MS);
      await Promise.all(ids.map((id) => expectOwnAnswers(of(id), planting)));
    },
  };

  function of(id: PlantedProject): ProjectUnderTest {
    return started(projects.find((one) => one.id === id));
  }
}

/** @throws when it is not there: its test means nothing then. */
export function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("Cannot test: the bench has not started");
  return part;
}
