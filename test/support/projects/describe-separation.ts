import { describe } from "vitest";
import { type BenchOptions, useBench } from "./bench.ts";
import { describeArchive } from "./separate-archive.ts";
import { describeDeadLetters } from "./separate-dead-letters.ts";
import { describeErasure } from "./separate-erasure.ts";
import { describeNaming } from "./separate-naming.ts";
import { describeParts } from "./separate-parts.ts";
import { describePosting } from "./separate-posting.ts";
import { describeReading } from "./separate-reading.ts";

/**
 * P8: projects never meet. Several with near names have the same ids, users, types and times, each with values that name it, and every
 * surface is looked through for another's: what keys open, what operators' commands show, and what lies inside the parts.
 */
export function describeSeparation(name: string, options: BenchOptions): void {
  describe(`projects in ${name}`, () => {
    const bench = useBench(options);
    describePosting(bench);
    describeReading(bench);
    describeNaming(bench);
    describeDeadLetters(bench);
    if (options.hasColdTier) describeArchive(bench);
    describeErasure(bench);
    describeParts(bench);
  });
}
