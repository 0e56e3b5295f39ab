import { setTimeout as delay } from "node:timers/promises";
import { createUuidV7 } from "../../contract/uuid.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import { exchange } from "./exchange.ts";
import type { Ledger } from "./ledger.ts";
import type { Observer } from "./observer.ts";

/** Milliseconds from the probe's start. */
export type Recovery = {
  readonly acceptedMs: number;
  /** Undefined when nobody waits for it any more. */
  readonly storedMs: Promise<number | undefined>;
};

const ATTEMPT_TIMEOUT_MS = 2_000;
const PAUSE_MS = 50;
/** Longer than any part takes to start. */
const RECOVERY_TIMEOUT_MS = 180_000;

/** Posts one event until it is acknowledged, and then looks for its row: how long the system takes to be itself again. */
export async function probeRecovery(
  stack: Pick<ChaosStack, "edgeUrl" | "writeKey">,
  ledger: Ledger,
  observer: Observer,
  giveUp: AbortSignal,
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
    properties: { sequence, event_id: eventId, occurred_at: occurredAt, user_id: "probe" },
  });
  while (!(await post(stack, body))) {
    if (Date.now() - startedMs > RECOVERY_TIMEOUT_MS) {
      throw new Error(`Cannot see a recovery: no answer within ${RECOVERY_TIMEOUT_MS / 1_000} s`);
    }
    await delay(PAUSE_MS);
  }
  ledger.acknowledge([sequence]);
  const acceptedMs = Date.now() - startedMs;

  const waitForRow = async () => {
    while (!giveUp.aborted) {
      if (await observer.hasStored(eventId, occurredAt).catch(() => false)) {
        return Date.now() - startedMs;
      }
      await delay(PAUSE_MS);
    }
    return undefined;
  };
  return { acceptedMs, storedMs: waitForRow() };
}

async function post(
  { edgeUrl, writeKey }: Pick<ChaosStack, "edgeUrl" | "writeKey">,
  body: string,
): Promise<boolean> {
  const request = {
    method: "POST",
    headers: { authorization: `Bearer ${writeKey}`, "content-type": "application/json" },
    body,
  };
  const answer = await exchange(`${edgeUrl}/v1/events`, request, ATTEMPT_TIMEOUT_MS);
  return answer?.status === 202;
}
