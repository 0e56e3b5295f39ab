/** Damages to files of the cold tier. For fast-check. */
import fc from "fast-check";
import type { DamagePlan, FileDamage } from "../cold/damage-plan.ts";

/** Evenly spread, unlike doubles. */
const at = fc.integer({ min: 0, max: 9_999 }).map((place) => place / 10_000);

export const ALIEN_NAMES = [
  "00000000-0000-4000-8000-000000000000.parquet",
  "x.parquet",
  "it's.parquet",
  "a b\nc.parquet",
  "\u202e.parquet",
  "*.parquet",
  "'); drop table cold_files; --.parquet",
  ".hidden",
  "month=2024-01/x.parquet",
  "project=fuzz-left/month=2024-01/00000000-0000-4000-8000-000000000000.parquet",
];

const damage: fc.Arbitrary<FileDamage> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ how: fc.constant("flip" as const), at, bit: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ how: fc.constant("cut" as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant("zero" as const),
      at,
      bytes: fc.integer({ min: 1, max: 4_096 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant("append" as const),
      bytes: fc.integer({ min: 1, max: 5_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<FileDamage>(
      { how: "text" },
      { how: "remove" },
      { how: "directory" },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant("swap" as const),
      with: fc.constantFrom("month" as const, "project" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant("link" as const),
      to: fc.constantFrom(
        "project" as const,
        "nowhere" as const,
        "itself" as const,
        "/dev/null" as const,
        "/dev/zero" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant("alien" as const),
      name: fc.constantFrom(...ALIEN_NAMES),
    }),
  },
);

export const damagePlan: fc.Arbitrary<DamagePlan> = fc
  .record({ file: fc.nat(5), damage })
  .map((plan) => ({ kind: plan.damage.how, ...plan }));
