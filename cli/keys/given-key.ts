import { text as readText } from "node:stream/consumers";
import { type KeyClaims, readClaims } from "../../contract/key.ts";
import { UsageError } from "../cli-error.ts";
import { askHidden } from "./ask-hidden.ts";

/** A key as somebody named it: by itself, whole or not, or by its kid alone. It is never printed. */
export type GivenKey =
  | { readonly text: string; readonly claims: KeyClaims }
  | { readonly kid: string };

/**
 * Takes a key from the command line or, for "-", from standard input, so that it is in no history and no list of processes.
 * @throws {UsageError} when it is neither a key nor a kid. The message does not quote it.
 */
export async function readGivenKey(argument: string): Promise<GivenKey> {
  const text = (argument === "-" ? await readStdin() : argument).trim();
  const claims = readClaims(text);
  if (claims !== undefined) return { text, claims };
  if (/^[a-z0-9]{1,20}$/.test(text)) return { kid: text };
  throw new UsageError(
    text === ""
      ? "No key given: it is empty"
      : "What was given is neither a key (slu_<scope>_<project>_<kid>_…) nor a kid (1 to 20 lower-case letters and digits); it is not shown, as it may be a secret",
  );
}

function readStdin(): Promise<string> {
  return process.stdin.isTTY ? askHidden("Key (it does not show): ") : readText(process.stdin);
}
