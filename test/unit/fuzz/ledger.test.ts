import { describe, expect, it } from "vitest";
import { createLedger } from "../../fuzz/edge/ledger.ts";

const answer = (status: number, body: object = {}) => ({
  status,
  headers: [],
  body: Buffer.from(JSON.stringify(body)),
  isKept: true,
});
const accepted = (event_id: string) => ({ index: 0, event_id, status: "accepted" });
const rows = (...ids: string[]) => new Map(ids.map((id) => [id, 1]));

describe("createLedger()", () => {
  it("finds what was accepted and is lost, and what was refused and is stored", () => {
    const ledger = createLedger();
    const results = [accepted("a"), { index: 1, event_id: "b", status: "rejected" }];
    ledger.note(
      ["a", "b"],
      answer(202, { accepted: 1, duplicate: 0, rejected: 1, results }),
      "one",
    );
    ledger.note(["c"], answer(422), "two");
    expect(ledger.compare(rows("a"))).toEqual([]);
    expect(ledger.compare(rows("b", "c"))).toEqual([
      "a was accepted and is lost: one",
      "b was refused and is stored: one",
      "c was refused and is stored: two",
    ]);
    expect([ledger.accepted, ledger.refused]).toEqual([1, 2]);
  });

  it("finds rows that nobody was told of, and rows twice", () => {
    const ledger = createLedger();
    const body = { accepted: 1, duplicate: 0, rejected: 0, results: [accepted("a")] };
    ledger.note([], answer(202, body), "one");
    expect(ledger.compare(new Map([["a", 2]]))).toEqual(["a has 2 rows: one"]);
    expect(ledger.compare(rows("a", "x"))).toEqual(["x is stored and was never told of"]);
  });

  it("leaves open what nobody was told", () => {
    const ledger = createLedger();
    ledger.note(["a"], undefined, "no answer");
    ledger.note(["b"], answer(503), "busy");
    ledger.note(
      ["c"],
      answer(202, { accepted: 1, duplicate: 0, rejected: 0, results: [] }),
      "short",
    );
    const results = [{ index: 0, event_id: "d", status: "duplicate" }];
    ledger.note(["d"], answer(202, { accepted: 0, duplicate: 1, rejected: 0, results }), "again");
    expect(ledger.compare(rows("a", "b", "c", "d"))).toEqual([]);
    expect(ledger.compare(rows())).toEqual([]);
  });
});
