import type { UnwrappedLetter } from "../contract/dead-letter.ts";
import type { DeadLetterPage } from "../contract/dead-letter-page.ts";
import type { WorkerOptions } from "./store/worker-client.ts";

/** Both reject when the worker does not answer in time, or answers an error. */
export interface DeadLetterReader {
  /** The newest dead letter of an event. */
  find(projectId: string, eventId: string): Promise<UnwrappedLetter | undefined>;
  /** Newest first: those before a position in the stream, or the newest of all. */
  list(projectId: string, limit: number, before: number | undefined): Promise<DeadLetterPage>;
}

const FIND_TIMEOUT_MS = 3_000;
const LIST_TIMEOUT_MS = 5_000;

/** Asks the worker: the edge itself may not read the stream. */
export function createDeadLetterReader({ url, token }: WorkerOptions): DeadLetterReader {
  return {
    async find(projectId, eventId) {
      const response = await get(`/dead-letters/${projectId}/${eventId}`, FIND_TIMEOUT_MS);
      if (response.ok) return (await response.json()) as UnwrappedLetter;
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      throw new Error(`Cannot find dead letter: the worker answered ${response.status}`);
    },

    async list(projectId, limit, before) {
      const place = before === undefined ? "" : `&before=${before}`;
      const path = `/dead-letters/${projectId}?limit=${limit}${place}`;
      const response = await get(path, LIST_TIMEOUT_MS);
      if (response.ok) return (await response.json()) as DeadLetterPage;
      await response.body?.cancel();
      throw new Error(`Cannot list dead letters: the worker answered ${response.status}`);
    },
  };

  function get(path: string, timeoutMs: number): Promise<Response> {
    return fetch(new URL(path, url), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}
