import { describe, expect, it } from "vitest";
import { type Evidence, isClean, judge, type StoredEvent } from "../../chaos/verdict.ts";

const ONE_ROW: StoredEvent = { rows: 1, altered: 0 };

/** Of three events sent: 1 and 2 acknowledged and stored, 3 neither. */
function evidenceWith(changes: Partial<Evidence>): Evidence {
  return {
    sent: 3,
    acknowledged: new Set([1, 2]),
    refused: new Set(),
    stored: new Map([
      [1, ONE_ROW],
      [2, ONE_ROW],
    ]),
    deadLetters: 0,
    strangeAnswers: 0,
    ...changes,
  };
}

function storedWith(sequence: number, event: StoredEvent): Evidence["stored"] {
  return new Map(evidenceWith({}).stored).set(sequence, event);
}

describe("judge()", () => {
  it("has nothing to say when what was acknowledged is stored", () => {
    const verdict = judge(evidenceWith({}));
    expect(verdict).toEqual({
      lost: 0,
      duplicated: 0,
      unexpected: 0,
      examples: { lost: [], duplicated: [], unexpected: [] },
    });
    expect(isClean(verdict)).toBe(true);
  });

  it("takes a row whose acknowledgement got lost", () => {
    expect(isClean(judge(evidenceWith({ stored: storedWith(3, ONE_ROW) })))).toBe(true);
  });

  const violations: readonly [string, Partial<Evidence>, object][] = [
    [
      "an acknowledged event without a row",
      { acknowledged: new Set([1, 2, 3]) },
      { lost: 1, examples: { lost: [3], duplicated: [], unexpected: [] } },
    ],
    [
      "each row beyond an event's first",
      { stored: storedWith(2, { rows: 3, altered: 0 }) },
      { duplicated: 2, examples: { lost: [], duplicated: [2], unexpected: [] } },
    ],
    [
      "a row that nobody sent",
      { stored: storedWith(4, ONE_ROW) },
      { unexpected: 1, examples: { lost: [], duplicated: [], unexpected: [4] } },
    ],
    [
      "a row that is not what was sent",
      { stored: storedWith(2, { rows: 1, altered: 1 }) },
      { unexpected: 1, examples: { lost: [], duplicated: [], unexpected: [2] } },
    ],
    [
      "a refused event that is stored",
      { refused: new Set([3]), stored: storedWith(3, ONE_ROW) },
      { unexpected: 1, examples: { lost: [], duplicated: [], unexpected: [3] } },
    ],
    ["dead letters", { deadLetters: 2 }, { unexpected: 2 }],
    ["answers that the API does not know", { strangeAnswers: 2 }, { unexpected: 2 }],
  ];
  it.each(violations)("reports %s", (_name, changes, expected) => {
    const verdict = judge(evidenceWith(changes));
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0, unexpected: 0, ...expected });
    expect(isClean(verdict)).toBe(false);
  });
});
