import { createRandom, type Random } from "./random.ts";

/**
 * Faults of parts. *kill*: SIGKILL. *terminate*: SIGTERM. *freeze*: SIGSTOP, and later SIGCONT.
 * Faults of links. *delay*: every byte comes later. *cut*: connections are reset, and new ones for a while. *swallow*: what is sent
 * arrives, but the answers do not, until the connection is reset.
 */
export const PART_FAULTS = ["kill", "terminate", "freeze"] as const;
export const LINK_FAULTS = ["delay", "cut", "swallow"] as const;
export const FAULT_KINDS = [...PART_FAULTS, ...LINK_FAULTS] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type Fault = {
  readonly kind: FaultKind;
  /** A part or a link. */
  readonly target: string;
  /** 0 for kill and terminate: what comes after is the supervisor's. */
  readonly durationMs: number;
  /** Of each byte, for kind delay. */
  readonly delayMs: number;
  /** Between the one before and this. */
  readonly pauseMs: number;
  /** Begins while the one before still lasts, instead of after its recovery. */
  readonly overlaps: boolean;
};

export type ScheduleOptions = {
  readonly seed: number;
  readonly faultsPerKind: number;
  readonly parts: readonly string[];
  readonly links: readonly string[];
  /** `kind:target` each; empty for all. */
  readonly only: readonly string[];
  /** Share of faults that overlap with the one before. */
  readonly overlap: number;
};

/** As many faults of each kind, spread evenly over its targets, in random order. */
export function createSchedule(options: ScheduleOptions): Fault[] {
  const random = createRandom(options.seed);
  const drawn = FAULT_KINDS.flatMap((kind) => {
    const targets = random.shuffle(targetsOf(kind, options));
    const count = targets.length === 0 ? 0 : options.faultsPerKind;
    return Array.from({ length: count }, (_, index) => ({
      kind,
      target: targets[index % targets.length] as string,
    }));
  });
  return random.shuffle(drawn).map(({ kind, target }) => ({
    kind,
    target,
    ...timesOf(kind, random),
    pauseMs: random.integer(50, 800),
    overlaps: random.next() < options.overlap,
  }));
}

function targetsOf(kind: FaultKind, { parts, links, only }: ScheduleOptions): string[] {
  const isOfPart = (PART_FAULTS as readonly string[]).includes(kind);
  const targets = isOfPart ? parts : links;
  return only.length === 0
    ? [...targets]
    : targets.filter((target) => only.includes(`${kind}:${target}`));
}

function timesOf(kind: FaultKind, random: Random): Pick<Fault, "durationMs" | "delayMs"> {
  switch (kind) {
    case "kill":
    case "terminate":
      return { durationMs: 0, delayMs: 0 };
    case "freeze":
      return { durationMs: random.integer(500, 6_000), delayMs: 0 };
    case "delay":
      return { durationMs: random.integer(500, 4_000), delayMs: random.integer(50, 5_000) };
    case "cut":
      return { durationMs: random.integer(0, 2_500), delayMs: 0 };
    case "swallow":
      return { durationMs: random.integer(300, 3_000), delayMs: 0 };
  }
}

/** One line for people: `freeze nats 3.2 s`. */
export function describeFault({ kind, target, durationMs, delayMs, overlaps }: Fault): string {
  const by = delayMs === 0 ? "" : ` by ${delayMs} ms`;
  const lasting = durationMs === 0 ? "" : ` for ${(durationMs / 1_000).toFixed(1)} s`;
  return `${overlaps ? "+ " : ""}${kind} ${target}${by}${lasting}`;
}
