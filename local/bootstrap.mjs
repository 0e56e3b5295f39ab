// Runs a script, of this checkout or of package.json, on a machine that has nothing but Node >= 18 and npm:
//
//   node local/bootstrap.mjs [--with-postgres] local/start.ts [arguments]
//   node local/bootstrap.mjs [--with-postgres] --run check [arguments]
//
// It gets what is missing into the checkout (.tools/, node_modules/), says so in one line each, and
// changes nothing on the machine outside of it. Plain JavaScript without dependencies, since it runs
// before there are any.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installWithApt } from "./apt-tools.mjs";
import { findProgram } from "./find-program.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TOOLS = join(ROOT, ".tools");

/** Programs that npm does not bring, and where each platform has them. */
export const PROGRAMS = {
  "nats-server": { apt: "nats-server", brew: "nats-server" },
  "redis-server": { apt: "redis-server", brew: "redis" },
  initdb: { apt: "postgresql", brew: "postgresql@17" },
};

/** @throws when something is missing that cannot be got without asking */
export async function bootstrap({ programs, withPackages }) {
  let node = findNode();
  const isReady = () =>
    findNode() !== undefined && (!withPackages || hasPackages()) && missing(programs).length === 0;
  if (!isReady()) {
    await withLock(async () => {
      node = findNode() ?? installNode();
      if (withPackages && !hasPackages()) installPackages(node);
      if (missing(programs).length > 0) getPrograms(missing(programs));
    });
    node = findNode();
  }
  return environmentFor(node);
}

/** Runs a command until it ends, hands signals on, and resolves to the exit code it should end with. */
export function runForeground(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    // A terminal sends Ctrl-C to the child as well: the child has to take two in a row as one.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.on(signal, () => child.kill(signal));
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** What the command line asks for, or undefined when it makes no sense. */
export function parseCommandLine(args) {
  const withPostgres = args[0] === "--with-postgres";
  const [first, ...rest] = withPostgres ? args.slice(1) : args;
  if (first === undefined) return undefined;
  if (first !== "--run") return { withPostgres, script: first, args: rest };
  const [npmScript, ...scriptArgs] = rest;
  return npmScript === undefined ? undefined : { withPostgres, npmScript, args: scriptArgs };
}

/** Types are stripped without a flag since 22.18 and 23.6. */
export function isFittingNode(version) {
  const match = /^v?(\d+)\.(\d+)\./.exec(version.trim());
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** The npm package that holds the node binary of a platform, as the package `node` names it. */
export function nodePlatformPackage(platform, arch) {
  const prefix = platform === "darwin" && arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${platform}-${arch}`;
}

/** What to tell someone on whose machine a program can not be got without asking. */
export function describeMissing(programs) {
  const packages = (manager) => programs.map((name) => PROGRAMS[name][manager]).join(" ");
  return [
    `Cannot start: ${programs.join(" and ")} not found. Get what is missing with one of`,
    `  macOS            brew install ${packages("brew")}`,
    `  Debian, Ubuntu   sudo apt-get install ${packages("apt")}`,
    "  others           https://nats.io/download and https://redis.io/downloads, on PATH",
    "or run everything in containers:  docker compose up",
  ].join("\n");
}

function say(line) {
  process.stderr.write(`bootstrap: ${line}\n`);
}

function missing(programs) {
  return programs.filter((name) => findProgram(name) === undefined);
}

// ---- Node ----

function findNode() {
  if (isFittingNode(process.version)) return process.execPath;
  return localNodes().find((path) => isFittingNode(versionOf(path)));
}

function localNodes() {
  const modules = join(TOOLS, "node", "node_modules");
  const platformPackage = nodePlatformPackage(process.platform, process.arch);
  return [join(modules, ".bin", "node"), join(modules, platformPackage, "bin", "node")];
}

function versionOf(path) {
  if (!existsSync(path)) return "";
  return spawnSync(path, ["--version"], { encoding: "utf8" }).stdout ?? "";
}

function installNode() {
  say(
    `Node ${process.version} is too old (22.18 or newer is needed): getting one from npm into .tools/node`,
  );
  // The package `node` links its binary in an install script; where npm does not run those, the
  // package of the platform has the binary itself.
  for (const name of ["node", nodePlatformPackage(process.platform, process.arch)]) {
    npm(
      ["install", "--prefix", join(TOOLS, "node"), "--loglevel=error", `${name}@22`],
      process.execPath,
    );
    const node = findNode();
    if (node) return node;
  }
  throw new Error(
    `Cannot get Node from npm for ${process.platform} ${process.arch}: install Node 22.18 or newer from https://nodejs.org`,
  );
}

// ---- packages ----

const STAMP = join(ROOT, "node_modules", ".sluice-lock");

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
}

function hasPackages() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === lockHash();
}

function installPackages(node) {
  const options = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  say("installing the npm packages of package-lock.json (npm ci)");
  // npm ci refuses a lock made where the registry lacks the optional packages of other platforms;
  // npm install keeps to the same versions.
  if (!npm(["ci", ...options], node, "ignore")) {
    say("npm ci does not accept package-lock.json here: npm install instead");
    if (!npm(["install", "--no-save", ...options], node))
      throw new Error("Cannot install the npm packages: npm install failed");
  }
  writeFileSync(STAMP, lockHash());
}

/** Whether npm succeeded. Its output goes to standard error: standard output is the script's. */
function npm(args, node, output = 2) {
  const { status } = spawnSync("npm", args, {
    cwd: ROOT,
    stdio: ["ignore", output, output],
    env: environmentFor(node),
  });
  return status === 0;
}

// ---- programs ----

function getPrograms(names) {
  const packages = names.map((name) => PROGRAMS[name].apt);
  if (process.platform === "linux" && existsSync("/usr/bin/apt-get")) {
    say(
      `getting ${packages.join(", ")} through apt-get into .tools (nothing is installed on the system)`,
    );
    try {
      installWithApt(packages, TOOLS);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  }
  const stillMissing = missing(names);
  if (stillMissing.length > 0) throw new Error(describeMissing(stillMissing));
}

// ---- one at a time ----

/** Two starts at once must not both fill node_modules: the second waits for the first. */
async function withLock(work) {
  const lock = join(TOOLS, "bootstrap.lock");
  mkdirSync(TOOLS, { recursive: true });
  for (let isTold = false; !tryLock(lock); ) {
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!isTold) say(`waiting for another bootstrap (pid ${holder ?? "unknown"}) to finish`);
    isTold = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(lock) {
  try {
    return Number(readFileSync(lock, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// ---- the child ----

function environmentFor(node) {
  const first = [dirname(node), join(ROOT, "node_modules", ".bin"), join(TOOLS, "bin")];
  return { ...process.env, PATH: [...first, process.env.PATH].join(delimiter) };
}

async function main() {
  const request = parseCommandLine(process.argv.slice(2));
  if (!request) {
    process.stderr.write(
      "usage: bootstrap.mjs [--with-postgres] (file [arguments] | --run npm-script [arguments])\n",
    );
    return 2;
  }
  if (process.platform === "win32") {
    process.stderr.write("Cannot start on Windows itself: use WSL, or docker compose up\n");
    return 1;
  }
  const programs = ["nats-server", "redis-server", ...(request.withPostgres ? ["initdb"] : [])];
  const env = await bootstrap({ programs, withPackages: true });
  if (request.npmScript !== undefined)
    return runForeground("npm", ["run", request.npmScript, "--", ...request.args], {
      cwd: ROOT,
      env,
    });
  const args = ["--disable-warning=ExperimentalWarning", request.script, ...request.args];
  // The channel tells the script when this process is killed.
  return runForeground("node", args, {
    cwd: ROOT,
    env,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  });
}
