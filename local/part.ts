/** One process of the local stack: how it is started, and how one knows that it does its work. */
export interface Part {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The parts that must be ready before this one starts. */
  readonly needs: readonly string[];
  /** May also throw as long as the part is not ready; ends when `signal` aborts. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  readonly readyTimeoutMs: number;
  /** What tells it to end, SIGTERM if absent. */
  readonly stopSignal?: NodeJS.Signals;
  /** How long it may take to end after that before it is killed. */
  readonly stopTimeoutMs: number;
}
