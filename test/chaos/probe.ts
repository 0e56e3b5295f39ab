import { setTimeout as delay } from "node:timers/promises";
import { createUuidV7 } from "../../contract/uuid.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import type { Ledger } from "./ledger.ts";
import type { Observer } from "./observer.ts";

/** Milliseconds from the probe's start. */
export type Recovery = { readonly acceptedMs: number; readonly storedMs: Promise<number> };

const ATTEMPT_TIMEOUT_MS = 2_000;
const PAUSE_MS = 50;

/** Posts one event until it is acknowledged, and then looks for its row: how long the system takes to be itself again. */
export async function probeRecovery(
  stack: Pick<ChaosStack, "edgeUrl" | "writeKey">,
  ledger: Ledger,
  observer: Observer,
): Promise<Recovery> {
  const startedMs = Date.now();
  const eventId = createUuidV7(startedMs);
  const occurredAt = new Date(startedMs).toISOString();
  const sequence = ledger.next();
  const body = JSON.stringify({
    event_id: eventId,
    occurred_at: occurredAt,
    event_type: "probe",
    user_id: "probe",
    properties: { sequence },
  });
  while (!(await post(stack, body))) await delay(PAUSE_MS);
  ledger.acknowledge([sequence]);
  const acceptedMs = Date.now() - startedMs;

  const waitForRow = async () => {
    while (!(await observer.hasStored(eventId, occurredAt).catch(() => false))) {
      await delay(PAUSE_MS);
    }
    return Date.now() - startedMs;
  };
  return { acceptedMs, storedMs: waitForRow() };
}

async function post(
  { edgeUrl, writeKey }: Pick<ChaosStack, "edgeUrl" | "writeKey">,
  body: string,
): Promise<boolean> {
  try {
    const response = await fetch(`${edgeUrl}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${writeKey}`, "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    });
    await response.text();
    return response.status === 202;
  } catch {
    return false;
  }
}
