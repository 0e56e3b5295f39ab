import type { HttpCache } from "./cache/colo-cache.ts";
import type { RevocationStore } from "./keys/revocation-list.ts";
import type { CoarseGateOptions } from "./limits/coarse-gate.ts";
import type { EventPublisher } from "./publish/event-publisher.ts";
import type { Tracing } from "./trace/tracing.ts";

/** What the edge gets from where it runs: all else is the same everywhere. */
export type Platform = {
  readonly publisher: EventPublisher;
  /** Remembers revoked keys while Redis is away. */
  readonly keeper: RevocationStore;
  readonly gates: Pick<CoarseGateOptions, "project" | "refusedKeys">;
  /** Undefined where answers are shared by nobody: the process' memory is then the only cache. */
  readonly sharedCache: HttpCache | undefined;
  /** Before what is done some time after an answer. It ends early when the edge is to stop. */
  readonly delay: (durationMs: number) => Promise<void>;
  /** Undefined where nothing is traced. */
  readonly tracing: Tracing | undefined;
};
