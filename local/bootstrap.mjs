// Runs a script, of this checkout or of package.json, on a machine that has nothing but Node >= 18 and npm:
//
//   node local/bootstrap.mjs [--with-postgres] local/start.ts [arguments]
//   node local/bootstrap.mjs [--with-postgres] --run check [arguments]
//
// It gets what is missing into the checkout (.tools/, node_modules/), says so in one line each, and
// changes nothing on the machine outside of it. Plain JavaScript without dependencies, since it runs
// before there are any.
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { ROOT } from "./bootstrap/checkout.mjs";
import { withLock } from "./bootstrap/lock.mjs";
import { findNode, installNode } from "./bootstrap/node.mjs";
import { environmentFor } from "./bootstrap/npm.mjs";
import { hasPackages, installPackages } from "./bootstrap/packages.mjs";
import { getPrograms, getWantedPrograms, missingPrograms } from "./bootstrap/programs.mjs";

/**
 * @param wanted programs without which it works as well, but for tests
 * @throws when something is missing that cannot be got without asking
 */
export async function bootstrap({ programs, wanted = [], withPackages }) {
  let node = findNode();
  const isReady = () =>
    findNode() !== undefined &&
    (!withPackages || hasPackages()) &&
    missingPrograms([...programs, ...wanted]).length === 0;
  if (!isReady()) {
    await withLock(async () => {
      node = findNode() ?? installNode();
      if (withPackages && !hasPackages()) installPackages(node);
      if (missingPrograms(programs).length > 0) getPrograms(missingPrograms(programs));
      if (missingPrograms(wanted).length > 0) getWantedPrograms(missingPrograms(wanted));
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
  const wanted = request.withPostgres ? ["promtool", "prometheus"] : [];
  const env = await bootstrap({ programs, wanted, withPackages: true });
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
