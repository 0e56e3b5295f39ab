/** docs/settings.md, made of the schemas that parse the settings and of the notes beside them. */
import type { z } from "zod";
import { CLI_SETTING_NOTES } from "../../cli/setting-notes.ts";
import type { SettingNote } from "../../contract/setting-note.ts";
import { EDGE_VARS } from "../../edge/env.ts";
import { NODE_SETTING_NOTES } from "../../edge/node/setting-notes.ts";
import { NODE_VARS } from "../../edge/node/settings.ts";
import { EDGE_SECRETS, EDGE_SETTING_NOTES } from "../../edge/setting-notes.ts";
import { LOCAL_SETTING_NOTES } from "../../local/setting-notes.ts";
import { SECRETS, STORES } from "../../worker/env.ts";
import { WORKER_SETTING_NOTES } from "../../worker/setting-notes.ts";

type Notes = Readonly<Record<string, SettingNote>>;
type Shape = Readonly<Record<string, z.ZodType>>;

/** Names that are secrets wherever they stand. */
const SECRET_NAMES = new Set([...SECRETS, ...EDGE_SECRETS, "SLUICE_KEY"]);

/** @throws where a setting has no note, or a note no setting. */
export function makeSettingsPage(): string {
  return `# Settings

All variables, made from the schemas that parse them: \`npm run docs:settings\` writes this page, and a test compares it with the code.

Edge and worker read everything at their start and name every problem at once: the worker logs it and ends with 1, the edge logs it and answers
everything with 500. What \`ENVIRONMENT=production\` refuses stands in [operations](operations.md#production).

## Worker

Environment variables of \`worker/main.ts\`; an empty one counts as not set. Each secret may be the content of a file
instead, \`NAME_FILE\` ([operations](operations.md#secrets-in-files)).

${workerTable()}

## Edge

\`[vars]\` of \`wrangler.toml\`, and secrets of \`wrangler secret put\`; environment variables where the edge runs without Cloudflare, each of
which may be the content of a file, \`NAME_FILE\`.

${edgeTable("edge", EDGE_VARS.shape, EDGE_SETTING_NOTES)}

### On Node

As a [Node process](operations.md#the-edge-on-node) it has these besides. \`NATS_URL\` may also be \`nats://…\` or \`tls://…\` there, and \`PUBLISHER_SHARDS\`
is the number of its connections to NATS, \`1\` by default.

${edgeTable("edge/node", NODE_VARS.shape, NODE_SETTING_NOTES)}

## Local stack

Of \`npm start\`, which hands every other variable on to worker and edge, unless it sets it itself.

${notesTable(LOCAL_SETTING_NOTES)}

## Command line

Of \`sluice\`. An option goes before a variable, a variable before the local stack.

${notesTable(CLI_SETTING_NOTES)}
`;
}

function workerTable(): string {
  const engines = Object.entries(STORES).map(
    ([engine, { shape }]) => [engine, shape as Shape] as const,
  );
  // The first engine's default is that of all: STORE has one there only.
  const shape: Shape = Object.assign({}, ...engines.map(([, own]) => own), engines[0]?.[1]);
  expectSameNames("worker", shape, WORKER_SETTING_NOTES);
  const names = Object.keys(shape).sort((a, b) => engineOf(a).localeCompare(engineOf(b)));
  return table(
    ["setting", "default", "secret", "engine", "what it does"],
    names.map((name) => {
      const [byDefault, note] = describe(name, shape[name], WORKER_SETTING_NOTES[name]);
      return [`\`${name}\``, byDefault, secretOf(name), engineOf(name), note];
    }),
  );

  function engineOf(name: string): string {
    const having = engines.filter(([, own]) => name in own).map(([engine]) => engine);
    return having.length === engines.length ? "all" : having.join(", ");
  }
}

function edgeTable(side: string, shape: Shape, notes: Notes): string {
  expectSameNames(side, shape, notes);
  return table(
    ["setting", "default", "secret", "what it does"],
    Object.entries(shape).map(([name, schema]) => {
      const [byDefault, note] = describe(name, schema, notes[name]);
      return [`\`${name}\``, byDefault, secretOf(name), note];
    }),
  );
}

function notesTable(notes: Notes): string {
  return table(
    ["variable", "default", "secret", "what it does"],
    Object.entries(notes).map(([name, given]) => {
      const [byDefault, note] = describe(name, undefined, given);
      return [`\`${name}\``, byDefault, secretOf(name), note];
    }),
  );
}

/** The default and the note. What parses without a value has a default or is optional. */
function describe(
  name: string,
  schema: z.ZodType | undefined,
  given: SettingNote = "",
): [string, string] {
  if (typeof given !== "string") return [given.byDefault, given.note];
  const parsed = schema?.safeParse(undefined);
  if (parsed === undefined || !parsed.success) return ["required", given];
  return [formatDefault(name, parsed.data), given];
}

function formatDefault(name: string, value: unknown): string {
  if (value === undefined) return "";
  const text = `\`${typeof value === "object" ? JSON.stringify(value) : value}\``;
  const mebibytes = Number(value) / 1024 / 1024;
  return name.endsWith("_BYTES") && Number.isInteger(mebibytes)
    ? `${text} (${mebibytes} MiB)`
    : text;
}

function secretOf(name: string): string {
  return SECRET_NAMES.has(name) ? "yes" : "";
}

function expectSameNames(side: string, shape: Shape, notes: Notes): void {
  const missing = Object.keys(shape).filter((name) => !(name in notes));
  const left = Object.keys(notes).filter((name) => !(name in shape));
  if (missing.length + left.length === 0) return;
  throw new Error(
    `Cannot describe settings: ${side}/setting-notes.ts lacks ${missing.join(", ") || "nothing"}, and names ${left.join(", ") || "nothing"} that ${side}/env.ts has not`,
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replaceAll(/ {2,}/g, " ");
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
