import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadCompose } from "../../support/compose.ts";
import { walkImports } from "../../support/import-graph.ts";

interface Stage {
  readonly base: string;
  readonly lines: readonly string[];
}

const root = new URL("../../../", import.meta.url);
const stages = parseStages(read("worker/Dockerfile"));
const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;

/** What runs in the image of each target. */
const ENTRIES = {
  worker: ["worker/main.ts"],
  edge: ["edge/node/main.ts"],
  cli: ["cli/sluice.mjs", "cli/main.ts"],
  local: ["local/edge-runtime.ts", "local/edge-bundle.ts", "local/neon-http.ts", "cli/main.ts"],
};

describe("worker/Dockerfile", () => {
  it("copies what exists and .dockerignore does not leave out", () => {
    const ignored = read(".dockerignore").split("\n").filter(Boolean);
    const sources = [...stages.values()].flatMap(({ lines }) => copied(lines));
    expect(sources.length).toBeGreaterThan(10);
    for (const source of sources) {
      expect(existsSync(new URL(source, root)), source).toBe(true);
      expect(ignored).not.toContain(source);
    }
  });

  it("is of the Node that the code needs", () => {
    expect(stages.get("base")?.base).toBe("node:22-slim");
  });

  it("has the targets that docker compose builds", () => {
    const all = loadCompose({ COMPOSE_PROFILES: "production,monitoring,tools,clickhouse,cluster" });
    const targets = Object.values(all.services).flatMap(({ build }) => (build ? [build] : []));
    expect(targets.length).toBeGreaterThan(3);
    for (const { dockerfile, target } of targets) {
      expect(dockerfile).toBe("worker/Dockerfile");
      expect([...stages.keys()]).toContain(target);
    }
  });

  describe.each(Object.entries(ENTRIES))("target %s", (target, entries) => {
    const lines = withBases(target);
    const graphs = entries.map((entry) => walkImports(root, entry));

    it("has every file that its programs import", () => {
      const sources = copied(lines);
      for (const file of graphs.flatMap(({ files }) => files)) {
        const isThere = sources.some((source) => file === source || file.startsWith(`${source}/`));
        expect(isThere, `${file} in ${target}`).toBe(true);
      }
    });

    it("has every package that its programs import", () => {
      const isProduction = lines.some((line) => line.includes("npm ci --omit=dev"));
      const removed = lines.flatMap((line) => [...line.matchAll(/rm -r node_modules\/(\S+)/g)]);
      for (const name of graphs.flatMap(({ packages }) => packages)) {
        expect(
          isProduction ? dependencies : { ...dependencies, ...devDependencies },
        ).toHaveProperty([name]);
        for (const [, folder = ""] of removed) expect(`${name}/`).not.toMatch(`${folder}/`);
      }
    });

    it("runs as nobody in particular, after everything is installed", () => {
      const user = lines.lastIndexOf("USER node");
      expect(user).toBeGreaterThan(-1);
      expect(lines.slice(user).filter((line) => line.startsWith("RUN"))).toEqual([]);
    });
  });

  it.each(["worker", "edge"])(
    "target %s says whether it is well, and runs what is there",
    (target) => {
      const own = stages.get(target)?.lines.join("\n") ?? "";
      expect(own).toMatch(/HEALTHCHECK [^\n]*CMD \[.*\/healthz/);
      const command = JSON.parse(/^CMD (\[.*\])$/m.exec(own)?.[1] ?? "[]") as string[];
      expect(ENTRIES[target as "worker" | "edge"]).toEqual([command.at(-1)]);
      // Without npm or a shell in between, SIGTERM reaches the program.
      expect(command[0]).toBe("node");
    },
  );
});

/** The stages by name, with their instructions, continued lines joined. */
function parseStages(text: string): Map<string, Stage> {
  const instructions = text
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const found = new Map<string, { base: string; lines: string[] }>();
  for (const line of instructions) {
    const [, base, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (base !== undefined && name !== undefined) found.set(name, { base, lines: [] });
    else [...found.values()].at(-1)?.lines.push(line);
  }
  return found;
}

function withBases(target: string): readonly string[] {
  const stage = stages.get(target);
  return stage === undefined ? [] : [...withBases(stage.base), ...stage.lines];
}

function copied(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.startsWith("COPY "))
    .flatMap((line) => line.split(" ").slice(1, -1));
}

function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}
