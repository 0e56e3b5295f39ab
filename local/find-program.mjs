import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOLS_BIN = join(dirname(dirname(fileURLToPath(import.meta.url))), ".tools", "bin");

/** The path of a program: on PATH, got by bootstrap, or where packages put servers off PATH. */
export function findProgram(name) {
  const folders = [
    ...(process.env.PATH ?? "").split(delimiter).filter(Boolean),
    TOOLS_BIN,
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    ...postgresFolders(),
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Debian keeps the server programs of each PostgreSQL version in a folder of its own. */
function postgresFolders() {
  const root = "/usr/lib/postgresql";
  try {
    return readdirSync(root).map((version) => join(root, version, "bin"));
  } catch {
    return [];
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
