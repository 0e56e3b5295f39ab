import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export interface ImportGraph {
  /** Paths of the files that an entry imports, itself among them. */
  readonly files: readonly string[];
  /** Names of the packages that they import. */
  readonly packages: readonly string[];
}

const IMPORT =
  /^\s*(?:import|export)\s+(?!type\s)(?:[\w*{},\s$]+?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
/** Files that a program reads beside itself; folders are looked through by what they hold. */
const LOADED_PATH = /new URL\(\s*["'](\.[^"']*\.\w+)["'],\s*import\.meta\.url/g;

/** What `entry` needs at run time, types left out. Paths are relative to `root`. */
export function walkImports(root: URL, entry: string): ImportGraph {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    if (!/\.m?[tj]s$/.test(path)) continue;
    const text = readFileSync(new URL(path, root), "utf8");
    for (const [, fromText, dynamic] of text.matchAll(IMPORT)) {
      const name = fromText ?? dynamic ?? "";
      if (name.startsWith(".")) waiting.push(normalize(join(dirname(path), name)));
      else if (!name.startsWith("node:")) packages.add(packageOf(name));
    }
    for (const [, given = ""] of text.matchAll(LOADED_PATH)) {
      files.add(normalize(join(dirname(path), given)));
    }
  }
  return { files: [...files], packages: [...packages] };
}

function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}
