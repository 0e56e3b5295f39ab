// Gets programs from the distribution's packages without installing them: apt-get resolves and
// downloads with lists and caches of its own, dpkg-deb unpacks into a folder. That needs no root,
// starts no service and leaves the package database alone.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Unpacks the packages below `toolsDir` and puts a starter for each program into `toolsDir`/bin. */
export function installWithApt(packages, toolsDir) {
  const work = join(toolsDir, "apt");
  const root = join(toolsDir, "debian");
  for (const folder of ["lists/partial", "archives/partial", "state"])
    mkdirSync(join(work, folder), { recursive: true });
  const apt = (args) => run("apt-get", [...aptOptions(work), ...args], join(work, "archives"));
  try {
    apt(["update", "-qq"]);
    const plan = apt(["install", "--simulate", "--no-install-recommends", "-q", ...packages]);
    apt(["download", "-q", ...packagesToUnpack(plan)]);
    mkdirSync(root, { recursive: true });
    for (const file of readdirSync(join(work, "archives")).filter((name) => name.endsWith(".deb")))
      run("dpkg-deb", ["--extract", join(work, "archives", file), root]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  writeStarters(root, join(toolsDir, "bin"));
}

/**
 * Of the packages a plan (`apt-get install --simulate`) would install, those with programs or
 * libraries that we run. libllvm is large and serves only PostgreSQL's JIT, libjs-* only Prometheus' pages.
 */
export function packagesToUnpack(plan) {
  return [...plan.matchAll(/^Inst (\S+)/gm)]
    .map((match) => match[1])
    .filter((name) =>
      /^(lib|nats-server$|redis-|valkey-|prometheus$|postgresql(-client)?-\d)/.test(name),
    )
    .filter((name) => !/^lib(llvm|perl|js-)/.test(name));
}

function aptOptions(work) {
  return [
    `Dir::State=${join(work, "state")}`,
    `Dir::State::lists=${join(work, "lists")}`,
    "Dir::State::status=/var/lib/dpkg/status",
    `Dir::Cache=${work}`,
    `Dir::Cache::archives=${join(work, "archives")}`,
    "APT::Sandbox::User=root",
    "APT::Update::Error-Mode=any",
    "Acquire::Retries=3",
  ].flatMap((option) => ["-o", option]);
}

/** The programs find their libraries through a starter, so that no other program sees them. */
function writeStarters(root, binDir) {
  mkdirSync(binDir, { recursive: true });
  for (const folder of ["usr/bin", "usr/sbin", ...postgresFolders(root)]) {
    for (const program of listFiles(join(root, folder))) {
      const starter = join(binDir, program);
      writeFileSync(starter, starterScript(folder, program));
      chmodSync(starter, 0o755);
    }
  }
}

function starterScript(folder, program) {
  return `#!/bin/sh
root="$(cd "$(dirname "$0")/../debian" && pwd)"
for folder in "$root"/usr/lib/*-linux-gnu* "$root"/lib/*-linux-gnu*; do
  LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$root/${folder}/${program}" "$@"
`;
}

function postgresFolders(root) {
  return listFolders(join(root, "usr/lib/postgresql")).map(
    (version) => `usr/lib/postgresql/${version}/bin`,
  );
}

function listFiles(folder) {
  return list(folder).filter((name) => statSync(join(folder, name)).isFile());
}

function listFolders(folder) {
  return list(folder).filter((name) => statSync(join(folder, name)).isDirectory());
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
  });
  if (result.error) throw result.error;
  if (result.status === 0) return result.stdout;
  const reason = result.stderr.trim().split("\n").slice(-3).join("; ");
  throw new Error(`Cannot run ${command} ${args.at(-1) ?? ""}: ${reason}`);
}
