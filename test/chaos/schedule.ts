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

/** In place of a part: whichever server of the cluster leads the stream of events when the fault begins. */
export const NATS_LEADER = "nats-leader";

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
  /** These faults over and over instead, `faultsPerKind` times each. */
  readonly sequence: readonly SequenceStep[];
  /** Share of faults that overlap with the one before. */
  readonly overlap: number;
};

/** A duration or a pause that is given is not drawn. */
export type SequenceStep = Pick<Fault, "kind" | "target" | "overlaps"> &
  Partial<Pick<Fault, "durationMs" | "pauseMs">>;

/** As many faults of each kind, spread evenly over its targets, in random order; or a sequence, as it is. */
export function createSchedule(options: ScheduleOptions): Fault[] {
  const random = createRandom(options.seed);
  const steps = options.sequence.length > 0 ? repeat(options) : drawSteps(options, random);
  return steps.map((step) => ({
    ...timesOf(step.kind, random),
    pauseMs: random.integer(50, 800),
    ...step,
  }));
}

function repeat({ sequence, faultsPerKind }: ScheduleOptions): SequenceStep[] {
  return Array.from({ length: faultsPerKind }, () => sequence).flat();
}

function drawSteps(options: ScheduleOptions, random: Random): SequenceStep[] {
  const { parts, links, faultsPerKind, overlap } = options;
  const drawn = FAULT_KINDS.flatMap((kind) => {
    const targets = random.shuffle(isPartFault(kind) ? parts : links);
    return Array.from({ length: faultsPerKind }, (_, index) => ({
      kind,
      target: targets[index % targets.length] as string,
    }));
  });
  return random.shuffle(drawn).map((step) => ({ ...step, overlaps: random.next() < overlap }));
}

/**
 * Reads `kind:target,…` or `kind:target:milliseconds,…`; a `+` before one lets it begin while the one before lasts, and `@milliseconds`
 * behind it so long after that one's beginning.
 * @throws {SequenceError} when a kind or a target does not exist, or a kind has no duration
 */
export function parseSequence(
  text: string,
  parts: readonly string[],
  links: readonly string[],
): SequenceStep[] {
  return text.split(",").map((step) => {
    const [, plus, name, target = "", duration, pause] =
      /^\s*(\+?)(\w+):([\w-]+)(?::(\d+))?(?:@(\d+))?\s*$/.exec(step) ?? [];
    const kind = FAULT_KINDS.find((known) => known === name);
    if (kind === undefined) {
      throw new SequenceError(
        `Cannot read fault "${step}": the kinds are ${FAULT_KINDS.join(", ")}`,
      );
    }
    const targets = isPartFault(kind) ? parts : links;
    if (!targets.includes(target)) {
      throw new SequenceError(`Cannot ${kind} "${target}": there are ${targets.join(", ")}`);
    }
    const read = {
      kind,
      target,
      overlaps: plus === "+",
      ...(pause === undefined ? {} : { pauseMs: Number(pause) }),
    };
    if (duration === undefined) return read;
    if (kind === "kill" || kind === "terminate") {
      throw new SequenceError(
        `Cannot ${kind} "${target}" for ${duration} ms: that has no duration`,
      );
    }
    return { ...read, durationMs: Number(duration) };
  });
}

export class SequenceError extends Error {
  override readonly name = "SequenceError";
}

function isPartFault(kind: FaultKind): boolean {
  return (PART_FAULTS as readonly FaultKind[]).includes(kind);
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
      // Longer ones outlast the edge's attempts to publish: events go to the outbox.
      return { durationMs: random.integer(0, 6_000), delayMs: 0 };
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
