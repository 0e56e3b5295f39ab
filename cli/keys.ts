import { Command, Option } from "commander";
import { KEYS_ENVIRONMENT } from "./environment-help.ts";
import { create } from "./keys/create.ts";
import { inspect } from "./keys/inspect.ts";
import { list } from "./keys/list.ts";
import { MAX_LABEL_CHARACTERS, parseExpiry, parseLabel } from "./keys/options.ts";
import { revoke } from "./keys/revoke.ts";
import { rotateSecret } from "./keys/rotate-secret.ts";
import { parseProject } from "./nats/options.ts";

export function createKeysCommand(): Command {
  return new Command("keys")
    .summary("make, list and revoke keys; rotate their secret")
    .description(
      "Make, list and revoke the keys that clients send, and rotate the secret that they are signed with. A key is " +
        "valid by its signature; Redis holds the list of keys, and the list of those that are revoked.",
    )
    .addCommand(createCreateCommand())
    .addCommand(createListCommand())
    .addCommand(createRevokeCommand())
    .addCommand(createInspectCommand())
    .addCommand(createRotateCommand())
    .addHelpText("after", MORE_HELP);
}

const MORE_HELP = `
Examples:
  sluice keys create --project shop --scope w --label checkout  a key to post events with
  sluice keys create --project shop --scope r --expires 90d     one to read with, for 90 days
  sluice keys list --project shop                               which keys there are
  sluice keys revoke x7k2m9qw4e --project shop                  refuse one, by its kid
  sluice keys revoke -                                          or by itself, typed or piped in
  sluice keys inspect -                                         what a key says, is it valid
  sluice keys rotate-secret                                     a new secret beside the old one
${KEYS_ENVIRONMENT}

Exit status:
  0 done    1 failed, you said no, or an inspected key would be refused
  2 wrong usage, nothing done`;

const CREATE_HELP = `
Examples:
  sluice keys create --project shop --scope w --label checkout
  sluice keys create --project shop --scope r --expires 90d
  sluice keys create --project shop --scope a --json

The key is all that goes to standard output. It is shown this once; the list has no keys, only their
names. While Redis is away the key is made and is valid, with a warning that the list lacks it.
${KEYS_ENVIRONMENT}

Exit status:
  0 made    1 failed    2 wrong usage, nothing done`;

const LIST_HELP = `
Examples:
  sluice keys list --project shop
  sluice keys list --json | jq -r 'select(.state == "valid") | .kid'

The list goes to standard output, how many there are to standard error.
${KEYS_ENVIRONMENT}

Exit status:
  0 listed, or there are none    1 failed    2 wrong usage`;

const REVOKE_HELP = `
Examples:
  sluice keys revoke x7k2m9qw4e --project shop    by its kid
  sluice keys revoke -                            by itself, typed or piped in

Revoked is for good. Every edge refuses the key within 60 s, also while Redis is away later. Given
as "-" the key is read from standard input, and is in no history of a shell. One that is mistyped,
cut off or redacted will do as long as its project and kid are right. Revoking twice harms nothing.
${KEYS_ENVIRONMENT}

Exit status:
  0 revoked, also if it was before    1 failed, or you said no    2 wrong usage, nothing done`;

const INSPECT_HELP = `
Examples:
  sluice keys inspect -                           typed or piped in, so that no history has it
  sluice keys inspect - --json < key.txt

Nothing is asked but Redis, if one is known.
${KEYS_ENVIRONMENT}

Exit status:
  0 nothing against it    1 the edge would refuse it    2 wrong usage`;

const ROTATE_HELP = `
Examples:
  sluice keys rotate-secret --output new-secret   for a deployment, into a file of mode 0600
  sluice keys rotate-secret --reissue --json > replacements
  sluice keys rotate-secret --finish --yes

The previous secret keeps its keys valid until the rotation is finished. For the local stack the
secrets in DATA_DIR are changed; for a deployment the new secret and the steps to take are printed.

  1. sluice keys rotate-secret               the new secret, beside the present one
  2. sluice keys rotate-secret --reissue     a replacement for each key that is listed and valid
  3. sluice keys rotate-secret --finish      the end of the previous secret, and of its keys
${KEYS_ENVIRONMENT}

Exit status:
  0 done    1 failed, or you said no    2 wrong usage, nothing done`;

function createCreateCommand(): Command {
  return new Command("create")
    .summary("make a key")
    .description("Make a key of one project and one scope. A project exists once it has a key.")
    .requiredOption("--project <project>", "the project that it belongs to", parseProject)
    .addOption(
      new Option("--scope <scope>", "w posts events, r reads, a administers")
        .choices(["w", "r", "a"])
        .makeOptionMandatory(),
    )
    .option(
      "--expires <when>",
      "its end: 12h, 90d, 52w ahead, a date in UTC, or RFC 3339 (default: none)",
      (text) => parseExpiry(text),
    )
    .option(
      "--label <text>",
      `what the list calls it, up to ${MAX_LABEL_CHARACTERS} characters`,
      parseLabel,
    )
    .option("--json", "print the key and all about it as one line of JSON")
    .addHelpText("after", CREATE_HELP)
    .action(create);
}

function createListCommand(): Command {
  return new Command("list")
    .summary("list keys, without what makes them keys")
    .description(
      "List the keys that were made with sluice keys create, and those that are revoked. Not listed are the keys of " +
        "npm start, and those made while Redis was away.",
    )
    .option("--project <project>", "of this project", parseProject)
    .option("--json", "print one JSON object a line")
    .addHelpText("after", LIST_HELP)
    .action(list);
}

function createRevokeCommand(): Command {
  return new Command("revoke")
    .summary("refuse a key from now on")
    .description("Refuse a key from now on, everywhere.")
    .argument("<key>", 'the key, or "-" to read it from standard input, or its kid')
    .option("--project <project>", "of a kid", parseProject)
    .option("-y, --yes", "do not ask")
    .addHelpText("after", REVOKE_HELP)
    .action(revoke);
}

function createInspectCommand(): Command {
  return new Command("inspect")
    .summary("say what a key is, and whether it is valid")
    .description("Say what a key is, and whether it is valid. The key itself is not printed.")
    .argument("<key>", 'the key, or "-" to read it from standard input')
    .option("--json", "print one line of JSON")
    .addHelpText("after", INSPECT_HELP)
    .action(inspect);
}

function createRotateCommand(): Command {
  return new Command("rotate-secret")
    .summary("exchange the secret that keys are signed with")
    .description("Exchange the secret that keys are signed with, while old and new keys are valid.")
    .option("--print", "for a deployment, also where there is a local stack")
    .option("-o, --output <file>", "write the new secret of a deployment to a new file")
    .addOption(
      new Option("--reissue", "print a replacement for each key of the previous secret").conflicts([
        "finish",
        "output",
        "print",
      ]),
    )
    .addOption(new Option("--finish", "drop the previous secret").conflicts("output"))
    .option("--json", "with --reissue: print one JSON object a line")
    .option("-y, --yes", "with --finish: do not ask")
    .addHelpText("after", ROTATE_HELP)
    .action(rotateSecret);
}
