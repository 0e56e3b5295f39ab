import type { DeadLetter } from "../contract/dead-letter.ts";
import type { WorkerOptions } from "./store/worker-client.ts";

export interface DeadLetterReader {
  /** The newest dead letter of an event. Rejects when the worker does not answer in time, or answers an error. */
  find(projectId: string, eventId: string): Promise<DeadLetter | undefined>;
}

const TIMEOUT_MS = 3_000;

/** Asks the worker: the edge itself may not read the stream. */
export function createDeadLetterReader({ url, token }: WorkerOptions): DeadLetterReader {
  return {
    async find(projectId, eventId) {
      const response = await fetch(new URL(`/dead-letters/${projectId}/${eventId}`, url), {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.ok) return await response.json<DeadLetter>();
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      throw new Error(`Cannot find dead letter: the worker answered ${response.status}`);
    },
  };
}
