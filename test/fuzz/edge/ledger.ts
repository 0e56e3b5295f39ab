import { type IngestAnswer, ingestAnswerSchema } from "../../../contract/ingest-answer.ts";
import type { HttpAnswer } from "../http/http-answer.ts";
import { parseJson } from "../http/judge-exchange.ts";

/**
 * What one project's clients were told of each event id. *Accepted*: has to be stored. *Refused*: must not be. *Open*: nobody was told,
 * as there was no answer, or the answer was 503, or did not list it.
 */
export type Ledger = {
  /** Notes an answer to a request that sent `ids`; `source` names the request, to find it again. */
  note(ids: readonly string[], answer: HttpAnswer | undefined, source: string): void;
  /** What is wrong with what is stored: rows by event id. */
  compare(rows: ReadonlyMap<string, number>): string[];
  readonly accepted: number;
  readonly refused: number;
};

type Entry = {
  /** How often it was accepted: the same id with several times may be several rows. */
  accepted: number;
  isOpen: boolean;
  readonly source: string;
};

export function createLedger(): Ledger {
  const entries = new Map<string, Entry>();
  let acceptedCount = 0;
  let refusedCount = 0;

  function entryOf(id: string, source: string): Entry {
    const known = entries.get(id);
    if (known !== undefined) return known;
    const made = { accepted: 0, isOpen: false, source };
    entries.set(id, made);
    return made;
  }

  return {
    get accepted() {
      return acceptedCount;
    },
    get refused() {
      return refusedCount;
    },

    note(ids, answer, source) {
      const told = answer === undefined ? undefined : toldBy(answer);
      for (const id of told?.accepted ?? []) entryOf(id, source).accepted += 1;
      acceptedCount += told?.accepted.length ?? 0;
      for (const id of ids) {
        const entry = entryOf(id, source);
        // A duplicate is stored on account of another request, which has an entry of its own for it.
        if (told === undefined || told.open(id)) entry.isOpen = true;
        else if (entry.accepted === 0) refusedCount += 1;
      }
    },

    compare(rows) {
      const faults: string[] = [];
      for (const [id, { accepted, isOpen, source }] of entries) {
        const stored = rows.get(id) ?? 0;
        if (accepted > 0 && stored === 0) faults.push(`${id} was accepted and is lost: ${source}`);
        if (accepted === 0 && stored > 0 && !isOpen) {
          faults.push(`${id} was refused and is stored: ${source}`);
        }
        if (stored > Math.max(accepted, 1) && !isOpen)
          faults.push(`${id} has ${stored} rows: ${source}`);
      }
      for (const id of rows.keys()) {
        if (!entries.has(id)) faults.push(`${id} is stored and was never told of`);
      }
      return faults;
    },
  };
}

type Told = { readonly accepted: readonly string[]; readonly open: (id: string) => boolean };

/** Undefined: nothing. */
function toldBy({ status, body }: HttpAnswer): Told | undefined {
  if (status >= 500) return undefined;
  const answer =
    status === 202 ? ingestAnswerSchema.safeParse(parseJson(body.toString())) : undefined;
  if (answer?.data === undefined) return { accepted: [], open: () => false };
  const { accepted, duplicate, rejected, results } = answer.data;
  const idsOf = (status: IngestAnswer["results"][number]["status"]) =>
    results.flatMap((one) =>
      one.status === status && one.event_id !== undefined ? [one.event_id] : [],
    );
  const [acceptedIds, duplicateIds] = [idsOf("accepted"), new Set(idsOf("duplicate"))];
  // Without `results=all` what was accepted is not listed.
  const isComplete = results.length === accepted + duplicate + rejected;
  const listed = new Set(results.map(({ event_id }) => event_id));
  return {
    accepted: acceptedIds,
    open: (id) => duplicateIds.has(id) || (!isComplete && !listed.has(id)),
  };
}
