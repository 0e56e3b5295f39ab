import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TOOLS } from "./checkout.mjs";
import { npm } from "./npm.mjs";
import { say } from "./say.mjs";

/** The path of a Node that can run this checkout, if there is one. */
export function findNode() {
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

/** Gets one from npm. @throws when that fails */
export function installNode() {
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
