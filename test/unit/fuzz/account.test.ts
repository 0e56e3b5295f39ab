import { describe, expect, it } from "vitest";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { accountFor, OCCURRED_AT, RECEIVED_AT } from "../../fuzz/stream/account.ts";

const ID = "0190a0a0-0000-4000-8000-000000000001";
const EVENT = {
  event_id: ID,
  occurred_at: OCCURRED_AT,
  event_type: "view",
  user_id: "u1",
  properties: { n: 1, nested: { list: [1, "two", null] } },
};

function account(text: string, evidence: { ids?: string[]; letters?: Partial<DeadLetter>[] }) {
  const plan = { kind: "message", project: "p", payload: { text }, headers: [] };
  const letters = (evidence.letters ?? []).map(
    (one) => ({ ...one, stream_sequence: 7 }) as DeadLetter,
  );
  return accountFor(
    { plan, sequence: 7, payload: Buffer.from(text) },
    { letters: new Map([[7, letters]]), rows: new Map([["p", new Set(evidence.ids)]]) },
  );
}

const envelope = (...events: unknown[]) =>
  JSON.stringify({ v: 1, received_at: RECEIVED_AT, request_id: "r", events });
const digits = ID.replaceAll("-", "");

describe("accountFor()", () => {
  it("is content when every event is a row, or bad and a dead letter", () => {
    const bad = { ...EVENT, event_id: 7 };
    const found = { ids: [digits], letters: [{ event: bad }] };
    expect(account(envelope(EVENT, bad), found)).toBeUndefined();
    expect(account("{", { letters: [{ payload_base64: "ew==" }] })).toBeUndefined();
  });

  it("finds what is nowhere, and what is dead without need", () => {
    expect(account("{", {})).toBe("it is no envelope, and no dead letter");
    expect(account(envelope(EVENT), {})).toBe(`event ${digits} is neither a row nor a dead letter`);
    expect(account(envelope(EVENT), { letters: [{ event: EVENT }] })).toBe(
      `event ${digits} is fine, and a dead letter`,
    );
    const twice = [{ payload_base64: "ew==" }, { event: EVENT }];
    expect(account(envelope(EVENT), { letters: twice })).toBe("it is a dead letter, and 1 more");
  });
});
