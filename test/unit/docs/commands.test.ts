import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../../cli/program.ts";
import { createOpenApiDocument } from "../../../edge/openapi/document.ts";
import { loadCompose } from "../../support/compose.ts";
import { listDocs, parseShell, readBlocks, type ShellCommand } from "../../support/docs-blocks.ts";

const root = new URL("../../../", import.meta.url);
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const { declared: services } = loadCompose({
  COMPOSE_PROFILES: "production,monitoring,tools,clickhouse,cluster",
});
const environments = [...read("wrangler.toml").matchAll(/^\[env\.(\w+)\]$/gm)].map(
  ([, name]) => name,
);
const routes = Object.keys(createOpenApiDocument().paths ?? {}).map(
  (path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
);

const commands = listDocs().flatMap((path) =>
  readBlocks(path)
    .filter(({ language }) => language === "sh")
    .flatMap(({ line, text }) =>
      withVariables(parseShell(text)).map((words) => ({ place: `${path}:${line}`, words })),
    )
    .filter(({ words }) => words.length > 0),
);
const named = commands.map(({ place, words }) => ({ place, words, text: words.join(" ") }));

describe("every shell block of the documents", () => {
  it("is read", () => {
    expect(named.length).toBeGreaterThan(80);
  });

  const sluice = named.flatMap(({ text, words }) => {
    const args = argumentsOfSluice(words);
    return args === undefined ? [] : [{ text, args }];
  });
  it.each(sluice)("$text: sluice knows it", async ({ args }) => {
    const program = await createProgram("0.0.0");
    expect(() => dryParse(program, args)).not.toThrow();
  });

  it("tells of every command of sluice that it would miss", async () => {
    expect(sluice.length).toBeGreaterThan(30);
    const program = await createProgram("0.0.0");
    expect(() => dryParse(program, ["dead", "lost"])).toThrow(/lost/);
    expect(() => dryParse(program, ["export", "--nonsense"])).toThrow(/nonsense/);
    expect(() => dryParse(program, ["keys", "create"])).toThrow(/--project/);
    expect(() => dryParse(program, ["erase"])).toThrow(/user-id/);
  });

  it.each(named.filter(({ words }) => words[0] === "npm"))("$text: npm knows it", ({ words }) => {
    const [, verb = "", script = ""] = words;
    if (verb !== "ci" && verb !== "install") {
      expect(Object.keys(scripts)).toContain(verb === "run" ? script : verb);
    }
  });

  it.each(named.filter(({ words }) => words.includes("wrangler") && words.includes("--env")))(
    "$text: wrangler.toml has the environment",
    ({ words }) => {
      expect(environments).toContain(words[words.indexOf("--env") + 1]);
    },
  );

  it.each(named.filter(({ text }) => text.startsWith("docker compose")))(
    "$text: docker-compose.yml has the service",
    ({ words }) => {
      const service = serviceOf(words.slice(2));
      if (service !== undefined) expect(Object.keys(services)).toContain(service);
    },
  );

  it.each(named.filter(({ words }) => words[0] === "curl"))(
    "$text: the API has the path",
    ({ words }) => {
      const urls = words.filter((word) => /^(https?:\/\/|\$\w+\/)/.test(word));
      expect(urls.length).toBeGreaterThan(0);
      for (const url of urls) {
        const path = url.replace(/^(https?:\/\/[^/]+|\$\w+)/, "").replace(/\?.*$/s, "");
        expect(
          routes.some((route) => route.test(path || "/")),
          path,
        ).toBe(true);
      }
    },
  );

  it.each(named.filter(({ words }) => words.some(isPath)))(
    "$text: the files are there",
    ({ words }) => {
      for (const path of words.filter(isPath))
        expect(existsSync(new URL(path, root)), path).toBe(true);
    },
  );
});

describe.each(listDocs())("the links of %s", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
    ([, link = ""]) => link,
  );
  const targets = [...new Set(links)];

  it("lead to files and headings that exist", () => {
    for (const link of targets) {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      expect(existsSync(new URL(target, root)), `${page}: ${link}`).toBe(true);
      if (anchor !== undefined)
        expect(anchorsOf(read(target)), `${page}: ${link}`).toContain(anchor);
    }
  });
});

/** The words of each command, with what the block itself has set filled in. */
function withVariables(block: readonly ShellCommand[]): string[][] {
  const known: Record<string, string> = {};
  return block.map(({ words, variables }) => {
    Object.assign(known, variables);
    return words.map((word) =>
      word.replaceAll(/\$([A-Z_]+)/g, (text, name: string) => known[name] ?? text),
    );
  });
}

/** Also of the command in its container. */
function argumentsOfSluice(words: readonly string[]): readonly string[] | undefined {
  const text = words.join(" ");
  const start = /^(npx )?sluice /.test(text) || /^docker compose run (--rm )?sluice /.test(text);
  return start ? words.slice(words.indexOf("sluice") + 1) : undefined;
}

/** Parses as commander would, without doing anything. @throws what commander would refuse */
function dryParse(command: Command, args: readonly string[]): void {
  const [first = ""] = args;
  const child = command.commands.find(
    (one) => one.name() === first || one.aliases().includes(first),
  );
  if (child !== undefined) {
    dryParse(child, args.slice(1));
    return;
  }
  if (args.includes("--help") || args.includes("--version")) return;
  const { operands, unknown } = command
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseOptions([...args]);
  if (unknown.length > 0) throw new Error(`unknown option ${unknown[0]}`);
  const missingOption = command.options.find(
    (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
  );
  if (missingOption !== undefined) throw new Error(`${missingOption.long} is needed`);
  const expected = command.registeredArguments;
  const missing = expected[operands.length];
  if (missing?.required) throw new Error(`${missing.name()} is needed`);
  if (operands.length > expected.length && !expected.at(-1)?.variadic) {
    throw new Error(`${operands[expected.length]} is too much`);
  }
}

/** The service that a line of docker compose names, if it names one. */
function serviceOf(words: readonly string[]): string | undefined {
  const takesValue = ["--env-file", "--profile"];
  const rest = words.filter(
    (word, index) => !word.startsWith("-") && !takesValue.includes(words[index - 1] ?? ""),
  );
  const [verb = "", service] = rest;
  return ["exec", "run", "stop", "start", "restart", "logs"].includes(verb) ? service : undefined;
}

function isPath(word: string): boolean {
  return /^(\.\/)?(contract|edge|worker|sql|test|local|cli|deploy|docs)\/[\w./-]+$/.test(word);
}

/** As GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}
