import { createHash } from "node:crypto";
import type { JetStreamClient } from "@nats-io/jetstream";
import { type DeadLetter, deadLetterSubject } from "../contract/dead-letter.ts";
import type { Engine } from "./engine.ts";
import { withoutErased } from "./erased-letters.ts";

export type DeadLetters = {
  /** Resolves once every letter that may be kept is durable, to their number. */
  publish(letters: readonly DeadLetter[]): Promise<number>;
};

/** Leaves room for the letter's other fields and for headers under NATS' default `max_payload` of 1 MiB. */
const MAX_PAYLOAD_BYTES = 720 * 1024;

export function createDeadLetters(
  jetstream: JetStreamClient,
  findErased: Engine["findErased"],
): DeadLetters {
  return {
    async publish(letters) {
      const kept = await withoutErased(letters, findErased);
      for (const letter of kept) {
        const json = JSON.stringify(letter);
        await jetstream.publish(deadLetterSubject(letter), json, {
          msgID: idOf(letter),
          timeout: 5_000,
        });
      }
      return kept.length;
    },
  };
}

export function toPayload(data: Uint8Array): Pick<DeadLetter, "payload_base64" | "payload_is_cut"> {
  const isCut = data.length > MAX_PAYLOAD_BYTES;
  const payload_base64 = Buffer.from(data.subarray(0, MAX_PAYLOAD_BYTES)).toString("base64");
  return { payload_base64, ...(isCut ? { payload_is_cut: true } : {}) };
}

/** A redelivered message brings the same letters; within the duplicate window JetStream keeps one of each. */
function idOf(letter: DeadLetter): string {
  const { stream_sequence, event, payload_base64 } = letter;
  return createHash("sha256")
    .update(JSON.stringify([stream_sequence, event, payload_base64]))
    .digest("hex")
    .slice(0, 32);
}
