import { globSync, readFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);

export interface Block {
  readonly path: string;
  /** Of its first line inside, from 1. */
  readonly line: number;
  /** What stands behind the opening fence; empty where nothing does. */
  readonly language: string;
  readonly text: string;
}

/** README.md and all of docs/, by their paths in the checkout. */
export function listDocs(): string[] {
  return ["README.md", ...globSync("docs/*.md", { cwd: root.pathname }).sort()];
}

/** The fenced blocks of a page, in order. */
export function readBlocks(path: string): Block[] {
  return extractBlocks(path, readFileSync(new URL(path, root), "utf8"));
}

export function extractBlocks(path: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const fence = /^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm;
  for (const { index, 1: language = "", 2: text = "" } of markdown.matchAll(fence)) {
    blocks.push({ path, line: markdown.slice(0, index).split("\n").length + 1, language, text });
  }
  return blocks;
}

/** One command of a shell block, as words without their quotes. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** `NAME=value` before the command, or all there is. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The commands of a shell block: lines that end in a backslash are joined, comments left out, pipes and lists split, redirections dropped.
 * Knows what documents need, not all of sh: variables and `$(…)` stay as they stand.
 */
export function parseShell(text: string): ShellCommand[] {
  return splitWords(text.replaceAll(/\\\n\s*/g, " ")).map((words) => {
    const given = words[0] === "export" ? words.slice(1) : words;
    const start = given.findIndex((word) => !/^[A-Z_]\w*=/.test(word));
    const assignments = start === -1 ? given : given.slice(0, start);
    return {
      words: start === -1 ? [] : given.slice(start),
      variables: Object.fromEntries(assignments.map(splitAssignment)),
    };
  });
}

const TOKEN =
  /[ \t]+|#[^\n]*|(\|\||&&|[|;&\n])|(\d?>>?|<)[ \t]*[^\s|;&]+|((?:\$\((?:'[^']*'|"[^"]*"|[^()'"])*\)|'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s|;&<>'"\\])+)/y;

function splitWords(text: string): string[][] {
  const commands: string[][] = [[]];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`Cannot read shell: ${text.slice(at)}`);
    const [, operator, , word] = match;
    if (operator !== undefined) commands.push([]);
    else if (word !== undefined) commands.at(-1)?.push(unquote(word));
  }
  return commands.filter((words) => words.length > 0);
}

function unquote(word: string): string {
  return word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, single?: string, double?: string) =>
    single === undefined ? (double ?? "").replaceAll(/\\(.)/g, "$1") : single,
  );
}

function splitAssignment(word: string): [string, string] {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}
