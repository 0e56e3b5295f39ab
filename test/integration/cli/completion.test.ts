import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completeFish } from "../../../cli/completion/fish.ts";
import { type CommandNode, describeTree, flatten } from "../../../cli/completion/tree.ts";
import { completeZsh } from "../../../cli/completion/zsh.ts";
import { createProgram } from "../../../cli/program.ts";
import { runSluice } from "./run-sluice.ts";

const tree = describeTree(await createProgram("0"));
const FILES = ["one.csv", "two words.csv", "sluice.bash", "sluice.zsh", "sluice.fish"];
let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  for (const name of ["one.csv", "two words.csv"]) writeFileSync(join(cwd, name), "");
  writeFileSync(join(cwd, "sluice.zsh"), completeZsh(tree));
  writeFileSync(join(cwd, "sluice.fish"), completeFish(tree));
  const { code, stdout, stderr } = await sluice("completion", "bash");
  expect([code, stderr]).toEqual([0, ""]);
  writeFileSync(join(cwd, "sluice.bash"), stdout);
});

function sluice(...args: string[]) {
  const { child, done } = runSluice(args, { cwd });
  child.stdin?.end();
  return done;
}

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** What a shell on this machine offers for each line, which is cut into words at single blanks. */
type Complete = (lines: readonly string[]) => string[][];

const bash: Complete = (lines) => {
  const calls = lines.map((line) => {
    const words = line.split(" ").map((word) => `'${word}'`);
    return `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _sluice; offer`;
  });
  const offer = `offer() { for word in "\${COMPREPLY[@]}"; do echo "$word"; done; echo --END--; }`;
  return run("bash", ["--norc", "-c", ["source ./sluice.bash", offer, ...calls].join("\n")]);
};

const fish: Complete = (lines) => {
  const calls = lines.map((line) => `complete -C '${line}'; echo --END--`);
  const offers = run("fish", ["--no-config", "-c", ["source ./sluice.fish", ...calls].join("\n")]);
  // A word and, after a tab, what it means.
  return offers.map((offer) => offer.map((line) => line.split("\t")[0] ?? ""));
};

function run(shell: string, args: readonly string[]): string[][] {
  const { status, stdout, stderr } = spawnSync(shell, args, { cwd, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  const offers = stdout.split("--END--\n").slice(0, -1);
  return offers.map((offer) => offer.split("\n").filter((line) => line !== ""));
}

function isThere(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

const SHELLS = { bash, fish };

describe.each(["bash", "fish"] as const)("completion in %s", (shell) => {
  const complete = SHELLS[shell];
  const has = test.skipIf(!isThere(shell));

  has("offers every command, and every option of each", () => {
    const nodes = flatten(tree).filter(({ options }) => options.length > 0);
    const offers = complete(nodes.flatMap(({ path }) => [`${path} `, `${path} --`]));
    for (const [index, node] of nodes.entries()) {
      expect(sorted(offers[2 * index]), node.path).toEqual(sorted(wordsOf(node)));
      const long = node.options.flatMap(({ flags }) =>
        flags.filter((flag) => flag.startsWith("--")),
      );
      expect(sorted(offers[2 * index + 1]), node.path).toEqual(sorted(long));
    }
  });

  has.each([
    ["sluice de", ["dead"]],
    ["sluice dead re", ["replay"]],
    ["sluice export --format ", ["csv", "ndjson", "parquet"]],
    ["sluice export --quiet --format pa", ["parquet"]],
    ["sluice keys create --scope ", ["a", "r", "w"]],
    ["sluice dead list --project list --re", ["--reason"]],
    ["sluice completion ", ["bash", "fish", "zsh"]],
    ["sluice help ke", ["keys"]],
    ["sluice import one", ["one.csv"]],
    ["sluice export -o one", ["one.csv"]],
    ["sluice keys revoke ", []],
    ["sluice status --interval ", []],
  ])("offers for %j", (line, expected) => {
    expect(sorted(complete([line])[0])).toEqual(expected);
  });
});

test.skipIf(!isThere("bash"))(
  "completion in bash takes --option=value apart, and keeps blanks",
  () => {
    expect(bash(["sluice export --format =", "sluice export --format = pa"])).toEqual([
      ["ndjson", "csv", "parquet"],
      ["parquet"],
    ]);
    expect(bash(["sluice import two"])).toEqual([["two words.csv"]]);
  },
);

test.skipIf(!isThere("zsh"))("the script for zsh can be read by it", () => {
  expect(spawnSync("zsh", ["-n", "./sluice.zsh"], { cwd, encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  });
});

test("no completion for a shell that is not known", async () => {
  expect(await sluice("completion", "tcsh")).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("Allowed choices are bash, zsh, fish."),
  });
});

function wordsOf({ commands, values }: CommandNode): string[] {
  if (commands.length > 0) return commands.map(({ name }) => name);
  if (values?.kind === "choices") return [...values.choices];
  return values?.kind === "file" ? FILES : [];
}

function sorted(words: readonly string[] = []): string[] {
  return [...words].map((word) => word.replaceAll("\\ ", " ")).sort();
}
