import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../../cli/program.ts";

const WIDTH = 100;
const program = await createProgram("1.2.3");

/** Every command with the words that lead to it. */
function all(command: Command, path = ""): [string, Command][] {
  const own = `${path}${command.name()}`;
  return [[own, command], ...command.commands.flatMap((child) => all(child, `${own} `))];
}

/** The whole of `--help`, as wide as help may be. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
    getOutHelpWidth: () => WIDTH,
  });
  command.outputHelp();
  return text;
}

const commands = all(program);

describe.each(commands)("%s --help", (path, command) => {
  const text = helpOf(command);

  test("has a summary, a description, examples and exit statuses", () => {
    if (command !== program) expect(command.summary()).toMatch(/^[a-z].*[^.]$/);
    expect(command.description()).toMatch(/^[A-Z]/);
    expect(text).toContain("\nExamples:\n");
    expect(text).toMatch(/\nExit status:\n {2}0 /);
    expect(text).toMatch(/\b2 wrong usage/);
  });

  test("names the environment of what it talks to", () => {
    if (path.endsWith("completion")) return;
    expect(text).toMatch(/\nEnvironment(:|,)/);
    expect(text).toContain("DATA_DIR");
  });

  test("describes every option and argument", () => {
    for (const { flags, description } of command.options)
      expect([flags, description]).not.toContain("");
    for (const argument of command.registeredArguments) expect(argument.description).not.toBe("");
  });

  test(`fits into ${WIDTH} columns`, () => {
    const long = text.split("\n").filter((line) => line.length > WIDTH);
    expect(long).toEqual([]);
  });

  test("has examples of commands and options that there are", () => {
    const examples = text.split("\n").flatMap((line) => line.match(/\bsluice [^|<>)]*/g) ?? []);
    const shown = examples.filter((line) => /^ {2}|^sluice/.test(line));
    for (const example of shown) {
      const words = example.split(/ {2,}/)[0]?.split(" ") ?? [];
      const known = commands
        .filter(([name]) => words.join(" ").startsWith(name))
        .sort(([a], [b]) => b.length - a.length)[0]?.[1];
      const flags = known?.options.flatMap(({ short, long }) => [short, long]) ?? [];
      for (const word of words.filter((one) => /^--?[a-z]/.test(one))) {
        expect([...flags, "--help", "-h"], example).toContain(word.split("=")[0]);
      }
    }
    expect(shown.length).toBeGreaterThan(0);
  });
});

test("createProgram() lists its commands in groups", () => {
  const text = helpOf(program);
  for (const group of ["Operate:", "Data:", "Mend:", "Shell:"])
    expect(text).toContain(`\n${group}\n`);
  expect(text).toMatch(/^Usage: sluice <command> \[options\]\n/);
});

test.each(program.commands.map((command) => command.name()))(
  "createProgram() for %s has it as the whole has, and loads no other",
  async (name) => {
    const { commands } = await createProgram("1.2.3", name);
    const [whole] = program.commands.filter((command) => command.name() === name);
    const [alone] = commands.filter((command) => command.name() === name);
    expect(alone && helpOf(alone)).toBe(whole && helpOf(whole));
    if (name !== "completion") expect(commands).toHaveLength(1);
  },
);

test.each(["help", "--help", "expotr", "", "constructor"])(
  "createProgram() for %j knows every command",
  async (name) => {
    const { commands } = await createProgram("1.2.3", name);
    expect(commands).toHaveLength(program.commands.length);
  },
);
