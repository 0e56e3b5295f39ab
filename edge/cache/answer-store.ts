import type { CachedAnswer } from "./cached-answer.ts";

/** Keeps answers beyond one isolate. Never rejects: what cannot be read was not there, what cannot be written is asked again. */
export interface AnswerStore {
  get(key: string): Promise<CachedAnswer | undefined>;
  put(key: string, answer: CachedAnswer): Promise<void>;
}
