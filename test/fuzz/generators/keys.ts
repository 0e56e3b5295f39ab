/** Keys, genuine and not. For fast-check. */
import fc from "fast-check";
import type { KeyPlan } from "../edge/edge-plan.ts";
import { toHeaderText } from "./headers.ts";
import { hostileText } from "./json-text.ts";

const place = fc.constantFrom<"header" | "parameter">("header", "parameter");

const CHARACTERS = ["0", "f", "g", "A", "_", "-", ".", "\u00e9", "\u0430", "%", "'", "*", ">"];

/** A key of the project, one that was changed at a place, or something else. */
export const key: fc.Arbitrary<KeyPlan> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ scope: fc.constantFrom("w", "r", "a"), place }) },
  {
    weight: 3,
    arbitrary: fc.record({
      scope: fc.constantFrom("w", "r", "a"),
      place,
      change: fc.oneof(
        fc.record({
          kind: fc.constantFrom("replace", "insert"),
          at: fc.nat(90),
          character: fc.constantFrom(...CHARACTERS),
        }),
        fc.record({ kind: fc.constant("drop"), at: fc.nat(90) }),
        fc.record({
          kind: fc.constant("append"),
          text: fc.constantFrom("0", "=", "\u00e9", "_1", "a".repeat(3_000)),
        }),
      ),
    }) as fc.Arbitrary<KeyPlan>,
  },
  { weight: 1, arbitrary: fc.record({ text: hostileText.map(toHeaderText), place }) },
  { weight: 1, arbitrary: fc.constant("none") },
);
