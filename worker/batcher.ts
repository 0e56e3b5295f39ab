import type { Delivery } from "./delivery.ts";

export type BatchLimits = {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  /** Batches that may be written at once. */
  readonly maxWriting: number;
};

export type BatcherState = {
  readonly rows: number;
  readonly bytes: number;
  readonly oldestWaitedMs: number;
  readonly writing: number;
  readonly isDraining: boolean;
};

/**
 * How long to wait before the next flush: 0 is now, undefined is until something changes.
 *
 * What arrives while a batch is written becomes the next batch: so batches are small and quick when little arrives, and grow by
 * themselves under load. A writer that is free beside a busy one waits for a full batch or for `maxWaitMs`, since splitting one
 * batch between two writers costs more than it saves.
 */
export function nextFlushMs(state: BatcherState, limits: BatchLimits): number | undefined {
  if (state.rows === 0 || state.writing >= limits.maxWriting) return undefined;
  if (state.writing === 0 || state.isDraining) return 0;
  if (state.rows >= limits.maxRows || state.bytes >= limits.maxBytes) return 0;
  return Math.max(0, limits.maxWaitMs - state.oldestWaitedMs);
}

export type Clock = {
  now(): number;
  /** Calls back once after the delay unless cancelled by the function it returns. */
  after(delayMs: number, callback: () => void): () => void;
};

export type Batcher = {
  readonly rows: number;
  add(delivery: Delivery): void;
  /** Writes what is left; resolves when nothing is being written any more. */
  drain(): Promise<void>;
};

/** Collects deliveries and hands them on in batches of whole messages. `write` settles them and never rejects. */
export function createBatcher(
  limits: BatchLimits,
  write: (deliveries: readonly Delivery[]) => Promise<void>,
  clock: Clock,
): Batcher {
  let queue: { readonly delivery: Delivery; readonly addedAtMs: number }[] = [];
  let rows = 0;
  let bytes = 0;
  let writing = 0;
  let isDraining = false;
  let cancelTimer: (() => void) | undefined;
  let isScheduled = false;
  let drained: (() => void)[] = [];

  return {
    get rows() {
      return rows;
    },
    add(delivery) {
      queue.push({ delivery, addedAtMs: clock.now() });
      rows += weightOf(delivery);
      bytes += delivery.bytes;
      // Messages arrive several to a packet: the ones behind this one join the same batch.
      if (isScheduled) return;
      isScheduled = true;
      queueMicrotask(() => {
        isScheduled = false;
        update();
      });
    },
    drain() {
      isDraining = true;
      return new Promise((resolve) => {
        drained.push(resolve);
        update();
      });
    },
  };

  function update(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    for (;;) {
      const [oldest] = queue;
      const oldestWaitedMs = oldest === undefined ? 0 : clock.now() - oldest.addedAtMs;
      const waitMs = nextFlushMs({ rows, bytes, oldestWaitedMs, writing, isDraining }, limits);
      if (waitMs === undefined) break;
      if (waitMs > 0) {
        cancelTimer = clock.after(waitMs, update);
        break;
      }
      flush();
    }
    if (isDraining && writing === 0 && queue.length === 0) {
      for (const resolve of drained) resolve();
      drained = [];
    }
  }

  function flush(): void {
    const batch = takeBatch();
    writing += 1;
    const finish = () => {
      writing -= 1;
      update();
    };
    write(batch).then(finish, finish);
  }

  function takeBatch(): Delivery[] {
    const batch: Delivery[] = [];
    let batchRows = 0;
    let batchBytes = 0;
    for (const { delivery } of queue) {
      const isFull =
        batchRows + weightOf(delivery) > limits.maxRows ||
        batchBytes + delivery.bytes > limits.maxBytes;
      if (batch.length > 0 && isFull) break;
      batch.push(delivery);
      batchRows += weightOf(delivery);
      batchBytes += delivery.bytes;
    }
    queue = queue.slice(batch.length);
    rows -= batchRows;
    bytes -= batchBytes;
    return batch;
  }
}

/** A message without a storable row still has to be settled, so it counts as one. */
function weightOf(delivery: Delivery): number {
  return Math.max(1, delivery.rows.length);
}
