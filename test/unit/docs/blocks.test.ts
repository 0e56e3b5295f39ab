import { describe, expect, it } from "vitest";
import { extractBlocks, parseShell } from "../../support/docs-blocks.ts";

describe("extractBlocks()", () => {
  it("takes fenced blocks with their language and place", () => {
    const page = "# A\n\n```sh\nls\n```\ntext\n```\nplain\n```\n```json\n{}\n```\n";
    expect(extractBlocks("a.md", page)).toEqual([
      { path: "a.md", line: 4, language: "sh", text: "ls\n" },
      { path: "a.md", line: 8, language: "", text: "plain\n" },
      { path: "a.md", line: 11, language: "json", text: "{}\n" },
    ]);
  });
});

describe("parseShell()", () => {
  it.each<[string, string[][]]>([
    ["ls -l   # a comment", [["ls", "-l"]]],
    ["a 'b # c' \"d $E\"", [["a", "b # c", "d $E"]]],
    ["a \\\n  b", [["a", "b"]]],
    ["a | b && c; d", [["a"], ["b"], ["c"], ["d"]]],
    ["a < in > out 2> err", [["a"]]],
    ["a --x=y $(b c)/d", [["a", "--x=y", "$(b c)/d"]]],
    ["# nothing: 'quite'", []],
    ["a 'b\nc'\nd", [["a", "b\nc"], ["d"]]],
  ])("%j", (text, words) => {
    expect(parseShell(text).map((command) => command.words)).toEqual(words);
  });

  it("takes variables before a command, and exported ones", () => {
    expect(parseShell("A=1 B='x y' run z\nexport C=2\nD=$(cat f)")).toEqual([
      { words: ["run", "z"], variables: { A: "1", B: "x y" } },
      { words: [], variables: { C: "2" } },
      { words: [], variables: { D: "$(cat f)" } },
    ]);
  });
});
