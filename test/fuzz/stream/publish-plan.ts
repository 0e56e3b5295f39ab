import { randomUUID } from "node:crypto";
import { JetStreamApiError, type JetStreamClient } from "@nats-io/jetstream";
import { headers as createHeaders } from "@nats-io/transport-node";
import type { MessagePlan, PayloadPlan } from "./message-plan.ts";

/** A message that the stream has taken. */
export type Published = {
  readonly plan: MessagePlan;
  readonly sequence: number;
  readonly payload: Buffer;
};

/** "duplicate": the stream holds a message with this id already. "refused": it does not take such a message at all. */
export async function publishPlan(
  plan: MessagePlan,
  client: JetStreamClient,
): Promise<Published | "duplicate" | "refused"> {
  const payload = toBytes(plan.payload);
  const headers = createHeaders();
  for (const [name, value] of plan.headers) headers.append(name, value);
  try {
    const { seq, duplicate } = await client.publish(`events.${plan.project}`, payload, {
      ...(plan.headers.length === 0 ? {} : { headers }),
      retries: 3,
    });
    return duplicate ? "duplicate" : { plan, sequence: seq, payload };
  } catch (error) {
    if (error instanceof JetStreamApiError) return "refused";
    throw error;
  }
}

function toBytes(plan: PayloadPlan): Buffer {
  if ("base64" in plan) return Buffer.from(plan.base64, "base64");
  const { text, keeps = 1, repeats = 1 } = plan;
  const whole = Buffer.from(text.replaceAll("@id@", () => randomUUID()).repeat(repeats));
  return whole.subarray(0, Math.ceil(whole.length * keeps));
}
