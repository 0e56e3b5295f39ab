/** What deploy/nats-users.sh would have nsc make, found by a stand-in for nsc that writes down what it is called with. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeTempDir } from "./temp-dir.ts";

export type NscUser = {
  readonly account: string;
  readonly connectionTypes: readonly string[];
  readonly pub: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly sub: { readonly allow: readonly string[]; readonly deny: readonly string[] };
};

export type NscCalls = {
  readonly users: Readonly<Record<string, NscUser>>;
  /** All calls, as words. */
  readonly calls: readonly (readonly string[])[];
};

const SCRIPT = fileURLToPath(new URL("../../deploy/nats-users.sh", import.meta.url));
/** Whoever asks for an account's key is told this one. */
export const EDGE_KEY = `A${"B".repeat(55)}`;

/** No word of the script has a tab in it. */
const STAND_IN = `#!/bin/sh
{ printf '%s\\t' "$@"; echo; } >> "$NSC_CALLS"
if [ "$1" = describe ]; then echo '"${EDGE_KEY}"' >&2; fi
`;

export async function recordNscUsers(): Promise<NscCalls> {
  const tempDir = await makeTempDir("nsc");
  try {
    const path = join(tempDir.path, "calls");
    await writeFile(join(tempDir.path, "nsc"), STAND_IN, { mode: 0o755 });
    await promisify(execFile)("sh", [SCRIPT, join(tempDir.path, "creds")], {
      env: { PATH: `${tempDir.path}${delimiter}${process.env.PATH}`, NSC_CALLS: path },
    });
    const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
    const calls = lines.map((line) => line.replace(/\t$/, "").split("\t"));
    return { calls, users: findUsers(calls) };
  } finally {
    await tempDir.remove();
  }
}

function findUsers(calls: NscCalls["calls"]): Record<string, NscUser> {
  const added = calls.filter(([verb, what]) => verb === "add" && what === "user");
  return Object.fromEntries(
    added.map((call) => {
      const [name = ""] = valuesOf(call, "--name");
      const edited = calls.filter(
        (other) => other[0] === "edit" && valuesOf(other, "--name").includes(name),
      );
      const user: NscUser = {
        account: valuesOf(call, "--account").join(),
        connectionTypes: edited.flatMap((other) => valuesOf(other, "--conn-type")),
        pub: { allow: valuesOf(call, "--allow-pub"), deny: valuesOf(call, "--deny-pub") },
        sub: { allow: valuesOf(call, "--allow-sub"), deny: valuesOf(call, "--deny-sub") },
      };
      return [name, user];
    }),
  );
}

/** Of an option that may be given several times, each time with a list. */
function valuesOf(call: readonly string[], option: string): string[] {
  return call.flatMap((word, index) =>
    call[index - 1] === option && index > 0 ? word.split(",") : [],
  );
}
