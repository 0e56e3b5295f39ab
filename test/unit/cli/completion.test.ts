import { Argument, Command, Option } from "commander";
import { describe, expect, test } from "vitest";
import { completeBash } from "../../../cli/completion/bash.ts";
import { completeFish } from "../../../cli/completion/fish.ts";
import { describeTree, flatten, pathsOf, valuedOptions } from "../../../cli/completion/tree.ts";
import { completeZsh } from "../../../cli/completion/zsh.ts";

function createTool(): Command {
  const paint = new Command("paint")
    .summary("paints a wall: it's easy")
    .addArgument(new Argument("<colour>", "which").choices(["red", "blue"]))
    .addOption(new Option("-c, --coats <number>", "how many").choices(["1", "2"]))
    .option("-o, --output <file>", "where to")
    .option("--wet", "without waiting")
    .addOption(new Option("--secret").hideHelp());
  const wash = new Command("wash")
    .summary("washes")
    .argument("<file...>", "what")
    .option("--with <soap>", "it");
  return new Command("tool")
    .addCommand(paint)
    .addCommand(new Command("brush").summary("brushes").addCommand(wash));
}

describe("describeTree()", () => {
  const tree = describeTree(createTool());

  test("knows every command, help included", () => {
    expect(flatten(tree).map(({ path }) => path)).toEqual([
      "tool",
      "tool paint",
      "tool brush",
      "tool brush wash",
      "tool brush help",
      "tool help",
    ]);
    expect(pathsOf(tree)).not.toContain("tool");
    expect(tree.commands.at(-1)?.values).toEqual({ kind: "choices", choices: ["paint", "brush"] });
  });

  test("knows options with what they take, but not hidden ones", () => {
    expect(tree.commands[0]?.options).toEqual([
      {
        flags: ["-c", "--coats"],
        description: "how many",
        value: { kind: "choices", choices: ["1", "2"] },
      },
      { flags: ["-o", "--output"], description: "where to", value: { kind: "file" } },
      { flags: ["--wet"], description: "without waiting", value: undefined },
      { flags: ["-h", "--help"], description: "display help for command", value: undefined },
    ]);
    expect(valuedOptions(tree).map(({ path }) => path)).toEqual([
      "tool paint -c",
      "tool paint --coats",
      "tool paint -o",
      "tool paint --output",
      "tool brush wash --with",
    ]);
  });

  test("knows what arguments are", () => {
    const [paint, , wash] = flatten(tree).slice(1);
    expect(paint?.values).toEqual({ kind: "choices", choices: ["red", "blue"] });
    expect(wash?.values).toEqual({ kind: "file" });
  });
});

test.each([
  ["bash", completeBash],
  ["zsh", completeZsh],
  ["fish", completeFish],
])("the script for %s names every command and option", (_, complete) => {
  const script = complete(describeTree(createTool()));
  for (const word of ["paint", "brush", "wash", "coats", "output", "wet", "with", "red blue"]) {
    expect(script.replaceAll("'red' 'blue'", "red blue")).toContain(word);
  }
  expect(script).not.toContain("secret");
});

test.each([
  ["zsh", completeZsh, `'paint:paints a wall: it'\\''s easy'`],
  ["fish", completeFish, `-d 'paints a wall: it\\'s easy'`],
])("the script for %s quotes what has quotes", (_, complete, text) => {
  expect(complete(describeTree(createTool()))).toContain(text);
});
