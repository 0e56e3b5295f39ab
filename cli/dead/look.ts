import { CliError } from "../cli-error.ts";
import type { Nats, NatsOptions } from "../nats.ts";
import { count, formatNumber } from "../table.ts";
import type { LetterFilter, StoredLetter } from "./filter.ts";
import { DEFAULT_ROWS, formatLetter, formatLetters, toJson, withoutBulk } from "./format.ts";
import { getLetters, openLetters } from "./letters.ts";

export type ListOptions = NatsOptions &
  LetterFilter & { readonly limit?: number; readonly json?: boolean };

export type ShowOptions = NatsOptions & { readonly event?: boolean; readonly json?: boolean };

const MAX_ROWS = 10_000;

/** `sluice dead list` */
export async function list(nats: Nats, options: ListOptions): Promise<void> {
  const { json } = options;
  const limit = json
    ? (options.limit ?? Number.POSITIVE_INFINITY)
    : Math.min(options.limit ?? DEFAULT_ROWS, MAX_ROWS);
  const letters = await openLetters(nats, options);
  const rows: StoredLetter[] = [];
  let matching = 0;
  for await (const stored of letters.newestFirst()) {
    matching += 1;
    if (matching > limit) {
      if (letters.total !== undefined) break;
    } else if (json) {
      process.stdout.write(`${JSON.stringify(toJson(stored))}\n`);
    } else {
      rows.push(withoutBulk(stored));
    }
  }
  if (rows.length > 0) process.stdout.write(formatLetters(rows, process.stdout.columns));
  const total = letters.total ?? matching;
  const shown = Math.min(matching, limit);
  process.stderr.write(
    shown < total
      ? `${formatNumber(shown)} of ${count(total, "dead letter")}\n`
      : `${total === 0 ? "No dead letters" : count(total, "dead letter")}\n`,
  );
}

/** `sluice dead show` */
export async function show(nats: Nats, position: number, options: ShowOptions): Promise<void> {
  const [stored] = await getLetters(nats, [position]);
  if (stored === undefined) return;
  if (!options.event) {
    const text = options.json ? `${JSON.stringify(toJson(stored))}\n` : formatLetter(stored);
    process.stdout.write(text);
    return;
  }
  if (stored.letter.event === undefined) {
    throw new CliError(
      `Dead letter ${position} holds no event: its whole message could not be read (sluice dead show ${position})`,
    );
  }
  process.stdout.write(`${JSON.stringify(stored.letter.event)}\n`);
}
