import { expect, test } from "vitest";
import type { StoredEvent } from "../../../../contract/receipt.ts";
import { CSV, NDJSON } from "../../../../worker/export/text-format.ts";

const EVENT: StoredEvent = {
  event_id: "00000000-0000-4000-8000-000000000000",
  event_type: "=1+1",
  user_id: 'Zoë, "Z"\r\n',
  occurred_at: "2024-03-01T00:00:00.123456Z",
  received_at: "2024-03-01T00:00:01.000Z",
  properties: { amount: 1.5 },
};

test("NDJSON holds what a client sends, a line for each", () => {
  expect(NDJSON.head + NDJSON.encode([EVENT, EVENT])).toBe(
    '{"event_id":"00000000-0000-4000-8000-000000000000","event_type":"=1+1","user_id":"Zoë, \\"Z\\"\\r\\n","occurred_at":"2024-03-01T00:00:00.123456Z","properties":{"amount":1.5}}\n'.repeat(
      2,
    ),
  );
});

test("CSV quotes what it must and changes nothing", () => {
  expect(CSV.head + CSV.encode([EVENT])).toBe(
    "event_id,event_type,user_id,occurred_at,properties\r\n" +
      '00000000-0000-4000-8000-000000000000,=1+1,"Zoë, ""Z""\r\n",2024-03-01T00:00:00.123456Z,"{""amount"":1.5}"\r\n',
  );
});
