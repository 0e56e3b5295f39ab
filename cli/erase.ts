import { Command, InvalidArgumentError } from "commander";
import type { ErasureReceipt } from "../contract/erasure-receipt.ts";
import { MAX_TEXT_CHARACTERS } from "../contract/limits.ts";
import { CliError } from "./cli-error.ts";
import { confirm } from "./confirm.ts";
import { edgeEnvironment } from "./environment-help.ts";
import { requestJson } from "./http.ts";
import { count, toPrintable } from "./table.ts";
import { resolveTarget, resourceUrl, type Target } from "./target.ts";

type EraseOptions = {
  readonly url?: string;
  readonly key?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
};

export function createEraseCommand(): Command {
  return new Command("erase")
    .summary("remove every event of a user, for good")
    .description(
      "Remove every event of a user from all places where events are stored, and from what is on its way there. " +
        "It cannot be undone. Events of the user that arrive later are new ones.",
    )
    .argument("<user-id>", "as events name the user", parseUserId)
    .optionsGroup("Server:")
    .option("--url <url>", "the edge (default: SLUICE_URL, else the local stack)")
    .option("--key <key>", "an admin key (default: SLUICE_KEY, else the local stack's)")
    .optionsGroup("Options:")
    .option("-y, --yes", "do not ask")
    .option("--json", "print the receipt as one line of JSON")
    .addHelpText("after", MORE_HELP)
    .action(runErase);
}

const MORE_HELP = `
Examples:
  sluice erase user-42                                   asks before it does so
  sluice erase user-42 --yes --json >> receipts.ndjson   keeps the receipt
  sluice export --format ndjson | grep '"user-42"'       what there is of a user

The receipt says how many rows were removed from each place. Doing it again is safe, and removes
what has come since. A replay does not bring back what was received before. Statistics that were
asked for lately may be answered from a cache until the time that the receipt names.

${edgeEnvironment("an admin key (slu_a_…)").trimStart()}

Exit status:
  0 erased, or there was nothing to erase    1 failed, or you said no: erase again to be sure
  2 wrong usage, nothing begun`;

async function runErase(userId: string, options: EraseOptions): Promise<void> {
  const target = resolveTarget(options, process.env, "a");
  const shown = toPrintable(userId);
  const question = `Remove every event of user "${shown}" ${whereOf(target)} for good?`;
  if (!options.yes && !(await confirm(question))) throw new CliError("Nothing was erased");
  const url = resourceUrl(target.url, `v1/users/${encodeURIComponent(userId)}`);
  const wish = { method: "DELETE", url, token: target.key } as const;
  const receipt = await requestJson<ErasureReceipt>(wish, `erase user "${shown}" at`);
  process.stdout.write(options.json ? `${JSON.stringify(receipt)}\n` : format(receipt));
}

/** The project as the key names it: the question must not be about another one than its reader thinks. */
function whereOf({ url, key }: Target): string {
  const project = /^slu_[wra]_([a-z0-9-]{1,40})_/.exec(key)?.[1];
  return project === undefined ? `at ${url.origin}` : `in project ${project} at ${url.origin}`;
}

function format({ user_id, erased_at, removed, caches_until }: ErasureReceipt): string {
  const places = Object.entries(removed);
  const total = places.reduce((sum, [, rows]) => sum + rows, 0);
  const parts = places.map(([place, rows]) => `${place.replaceAll("_", " ")} ${rows}`).join(", ");
  return (
    `Erased user "${toPrintable(user_id)}": ${count(total, "event")} removed${parts === "" ? "" : ` (${parts})`}\n` +
    `What was received before ${erased_at} stays away; caches may count the user until ${caches_until}\n`
  );
}

/** A URL cannot name "." and "..": they mean folders there, however they are written. */
function parseUserId(text: string): string {
  if (text === "") throw new InvalidArgumentError("It is empty.");
  if (text.length > MAX_TEXT_CHARACTERS) {
    throw new InvalidArgumentError(`It is longer than ${MAX_TEXT_CHARACTERS} characters.`);
  }
  if (!text.isWellFormed()) throw new InvalidArgumentError("It is not valid Unicode.");
  if (text === "." || text === "..") {
    throw new InvalidArgumentError("No URL can name such a user: ask the worker, POST /erase.");
  }
  return text;
}
