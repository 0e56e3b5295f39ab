import type { Event } from "../../contract/event.ts";
import { DEAD_STREAM } from "../../contract/stream.ts";
import { CliError } from "../cli-error.ts";
import { confirm } from "../confirm.ts";
import type { Nats, NatsOptions } from "../nats.ts";
import { createProgress } from "../progress.ts";
import { count, formatNumber } from "../table.ts";
import type { LetterFilter, StoredLetter } from "./filter.ts";
import { DEFAULT_ROWS, formatLetters, withoutBulk } from "./format.ts";
import { watchSignals } from "./interruption.ts";
import { getLetters, openLetters } from "./letters.ts";
import { forEachAtOnce, removeLetter, replayLetters } from "./replay-letters.ts";
import { toMessage } from "./to-message.ts";

/** Either positions or these say which letters are meant. */
export type SelectOptions = NatsOptions &
  LetterFilter & { readonly all?: boolean; readonly dryRun?: boolean };
export type ReplayOptions = SelectOptions & { readonly rate?: number; readonly with?: string };
export type DropOptions = SelectOptions & { readonly yes?: boolean };

/** `sluice dead replay` */
export async function replay(
  nats: Nats,
  positions: readonly number[],
  options: ReplayOptions,
  mended: Event | undefined,
): Promise<void> {
  const selection = await select(nats, positions, options);
  if (options.dryRun) {
    const refused = await preview(selection.letters(), "replay", (stored) =>
      toMessage(stored, mended),
    );
    if (refused > 0) process.exitCode = 1;
    return;
  }
  const progress = createProgress(
    process.stderr,
    "Replaying [{bar}] {percentage}% | {replayed} replayed",
    selection.lastPosition,
    { replayed: "0" },
  );
  const interruption = watchSignals();
  let replayed = 0;
  try {
    const result = await replayLetters(selection.letters(), {
      nats,
      mended,
      stop: interruption.stop,
      rate: options.rate,
      onReplayed: (position) => {
        replayed += 1;
        progress.update(position, { replayed: formatNumber(replayed) });
      },
      onRefused: (position, reason) =>
        progress.notice(`Cannot replay dead letter ${position}: ${reason}`),
    });
    progress.end();
    process.stdout.write(`Replayed ${count(result.replayed, "dead letter")}\n`);
    if (result.refused > 0) process.exitCode = 1;
    interruption.check();
  } finally {
    interruption.end();
    progress.end();
  }
}

/** `sluice dead drop` */
export async function drop(
  nats: Nats,
  positions: readonly number[],
  options: DropOptions,
): Promise<void> {
  const selection = await select(nats, positions, options);
  if (options.dryRun) {
    await preview(selection.letters(), "drop", () => undefined);
    return;
  }
  const chosen: number[] = [];
  if (!selection.isEverything) {
    for await (const { position } of selection.letters()) chosen.push(position);
  }
  const total = selection.isEverything ? selection.total : chosen.length;
  const question = `Drop ${count(total, "dead letter")} for good?`;
  if (total > 0 && !options.yes && !(await confirm(question))) {
    throw new CliError("Nothing was dropped");
  }
  if (selection.isEverything) {
    await nats.manager.streams.purge(DEAD_STREAM, { seq: selection.lastPosition + 1 });
    process.stdout.write(`Dropped ${count(total, "dead letter")}\n`);
    return;
  }
  const interruption = watchSignals();
  try {
    const removed = await removeLetters(nats, chosen, interruption.stop);
    process.stdout.write(`Dropped ${count(removed, "dead letter")}\n`);
    interruption.check();
  } finally {
    interruption.end();
  }
}

/** Returns how many were removed. */
async function removeLetters(
  nats: Nats,
  positions: readonly number[],
  stop: AbortSignal,
): Promise<number> {
  const format = "Dropping [{bar}] {percentage}%";
  const progress = createProgress(process.stderr, format, positions.length);
  let removed = 0;
  try {
    await forEachAtOnce(positions, stop, async (position) => {
      await removeLetter(nats, position);
      removed += 1;
      progress.update(removed);
    });
  } finally {
    progress.end();
  }
  return removed;
}

type Selection = {
  letters(): AsyncIterable<StoredLetter> | readonly StoredLetter[];
  readonly lastPosition: number;
} & ({ readonly isEverything: true; readonly total: number } | { readonly isEverything: false });

async function select(
  nats: Nats,
  positions: readonly number[],
  filter: LetterFilter,
): Promise<Selection> {
  if (positions.length === 0) {
    const { oldestFirst, lastPosition, total } = await openLetters(nats, filter);
    const selection = { letters: oldestFirst, lastPosition };
    if (total === undefined) return { ...selection, isEverything: false };
    return { ...selection, isEverything: true, total };
  }
  const letters = await getLetters(nats, [...new Set(positions)]);
  const lastPosition = Math.max(...letters.map(({ position }) => position));
  return { letters: () => letters, lastPosition, isEverything: false };
}

/** Prints the first of what a command would act on and says how many there are. Returns how many it would refuse. */
async function preview(
  letters: ReturnType<Selection["letters"]>,
  action: string,
  check: (stored: StoredLetter) => unknown,
): Promise<number> {
  const rows: StoredLetter[] = [];
  let total = 0;
  let refused = 0;
  for await (const stored of letters) {
    const problem = check(stored);
    if (typeof problem === "string") {
      refused += 1;
      say(`Cannot ${action} dead letter ${stored.position}: ${problem}`);
      continue;
    }
    total += 1;
    if (rows.length < DEFAULT_ROWS) rows.push(withoutBulk(stored));
  }
  if (rows.length > 0) process.stdout.write(formatLetters(rows, process.stdout.columns));
  const more = total > rows.length ? `, the first ${rows.length} of them above` : "";
  say(`Would ${action} ${count(total, "dead letter")}${more}`);
  return refused;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
