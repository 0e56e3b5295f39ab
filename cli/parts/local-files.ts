import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type LocalStack, readLocalStack } from "../target.ts";

/** What the files of a data directory tell of the stack on this machine. */
export type LocalFiles = {
  readonly stack: LocalStack;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly ports: Readonly<Record<string, unknown>>;
};

/** Undefined while no stack is ready there. */
export function readLocalFiles(dataDir: string): LocalFiles | undefined {
  const stack = readLocalStack(join(dataDir, "local.json"));
  if (stack === undefined) return undefined;
  return {
    stack,
    secrets: readObject(join(dataDir, "secrets.json")),
    ports: readObject(join(dataDir, "ports.json")),
  };
}

function readObject(path: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return {};
  }
}
