/**
 * Keeps a list of parts running. The list is in the order of dependency: parts start as soon as what
 * they need is ready, and stop one by one from the last to the first.
 *
 * A part is starting → ready → (ended → waiting → starting …) until stop(). If one fails while the
 * whole is being started, start() fails; after that, one that ends is started again for ever.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Part } from "./part.ts";
import { type RunningPart, runPart } from "./run-part.ts";
import type { Watchdog } from "./watchdog.ts";

export interface Supervisor {
  /** Resolves when all parts are ready. @throws when one can not be started; then nothing runs */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Kills everything at once. */
  kill(): void;
  running(): ReadonlyMap<string, RunningPart>;
}

export interface SupervisorOptions {
  readonly parts: readonly Part[];
  readonly logDir: string;
  readonly watchdog: Watchdog;
  readonly say: (line: string) => void;
  /** Called whenever a part got another pid. */
  readonly onChange?: () => void;
  /** A part that ran this long before it ended starts over with the first delay. */
  readonly stableMs?: number;
}

const FIRST_RESTART_DELAY_MS = 250;
const LONGEST_RESTART_DELAY_MS = 10_000;
const STABLE_MS = 30_000;

/** How long to wait before the nth restart in a row, n from 0. */
export function restartDelayMs(restartsInARow: number): number {
  return Math.min(FIRST_RESTART_DELAY_MS * 2 ** restartsInARow, LONGEST_RESTART_DELAY_MS);
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { parts, logDir, watchdog, say, stableMs = STABLE_MS } = options;
  const running = new Map<string, RunningPart>();
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];

  async function launch(part: Part): Promise<RunningPart> {
    stopping.signal.throwIfAborted();
    const started = await runPart(part, logDir, watchdog);
    running.set(part.name, started);
    void started.ended.then(() => {
      if (running.get(part.name) === started) running.delete(part.name);
    });
    options.onChange?.();
    return started;
  }

  /** Waits for the end of a part and starts it again, as long as the stack is wanted. */
  async function keepRunning(part: Part, first: RunningPart): Promise<void> {
    let current = first;
    let restartsInARow = 0;
    let startedAt = performance.now();
    for (;;) {
      const end = await current.ended;
      if (performance.now() - startedAt > stableMs) restartsInARow = 0;
      for (let next: RunningPart | undefined; !next; restartsInARow++) {
        if (stopping.signal.aborted) return;
        const waitMs = restartDelayMs(restartsInARow);
        say(`${part.name} ${end}; starting it again in ${waitMs} ms`);
        await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) return;
        startedAt = performance.now();
        next = await launch(part).catch((error: unknown) => void say(messageOf(error)));
        current = next ?? current;
      }
      try {
        await current.waitUntilReady(stopping.signal);
        say(`${part.name} is ready again`);
      } catch (error) {
        if (stopping.signal.aborted) return current.stop();
        say(messageOf(error));
        current.kill();
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    // What is being launched right now is in the map a moment later.
    await Promise.allSettled(starting.values());
    for (const part of [...parts].reverse()) await running.get(part.name)?.stop();
    await Promise.all(loops);
  }

  const starting = new Map<string, Promise<RunningPart>>();

  return {
    async start() {
      for (const part of parts) {
        const needed = part.needs.map((name) => starting.get(name));
        starting.set(part.name, startFirst(part, needed));
      }
      try {
        await Promise.all(starting.values());
      } catch (error) {
        await stop();
        throw error;
      }
      for (const part of parts) {
        const current = running.get(part.name);
        const first = current ?? (await starting.get(part.name));
        if (first) loops.push(keepRunning(part, first));
      }
    },
    stop,
    kill() {
      stopping.abort();
      for (const part of running.values()) part.kill();
    },
    running: () => running,
  };

  async function startFirst(
    part: Part,
    needed: readonly (Promise<RunningPart> | undefined)[],
  ): Promise<RunningPart> {
    await Promise.all(needed);
    const started = await launch(part);
    await started.waitUntilReady(stopping.signal);
    return started;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
