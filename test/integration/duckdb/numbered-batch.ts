import type { EventRow } from "../../../worker/event-row.ts";
import { toRows } from "../../support/naive-rows.ts";

export const BATCH_ROWS = 200;

/** The rows of a batch; a third of them are also in the batch before. */
export function batchOfNumber(number: number): EventRow[] {
  const firstIndex = number * BATCH_ROWS - Math.floor(BATCH_ROWS / 3);
  return toRows(
    "p",
    Array.from({ length: BATCH_ROWS + Math.floor(BATCH_ROWS / 3) }, (_, index) => ({
      occurredAtMs: Date.UTC(2024, 0) + (firstIndex + index) * 60_000,
      eventType: `type ${(firstIndex + index) % 5}`,
      userId: `user ${(firstIndex + index) % 97}`,
      properties: { index: firstIndex + index, filling: "x".repeat(300) },
    })),
  ).map((row, index) => ({ ...row, eventId: idOf(firstIndex + index) }));
}

function idOf(index: number): string {
  return `00000000-0000-4000-8000-${(index + 1_000).toString(16).padStart(12, "0")}`;
}
