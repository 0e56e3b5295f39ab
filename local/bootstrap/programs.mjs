import { existsSync } from "node:fs";
import { findProgram } from "../find-program.mjs";
import { installWithApt } from "./apt-tools.mjs";
import { TOOLS } from "./checkout.mjs";
import { say } from "./say.mjs";

/** Programs that npm does not bring, and where each platform has them. */
export const PROGRAMS = {
  "nats-server": { apt: "nats-server", brew: "nats-server" },
  "redis-server": { apt: "redis-server", brew: "redis" },
  initdb: { apt: "postgresql", brew: "postgresql@17" },
  promtool: { apt: "prometheus", brew: "prometheus" },
  prometheus: { apt: "prometheus", brew: "prometheus" },
};

export function missingPrograms(programs) {
  return programs.filter((name) => findProgram(name) === undefined);
}

/** @throws with the ways to get them, when something is still missing */
export function getPrograms(names) {
  tryToGetPrograms(names);
  const stillMissing = missingPrograms(names);
  if (stillMissing.length > 0) throw new Error(describeMissing(stillMissing));
}

/** Those whose absence costs tests, which say so, and nothing else. */
export function getWantedPrograms(names) {
  tryToGetPrograms(names);
  const stillMissing = missingPrograms(names);
  if (stillMissing.length > 0) say(describeUntested(stillMissing));
}

export function describeUntested(programs) {
  const packages = [...new Set(programs.map((name) => PROGRAMS[name].apt))].join(" ");
  return `${programs.join(" and ")} not found: the tests that need them are skipped (sudo apt-get install ${packages}, or brew)`;
}

function tryToGetPrograms(names) {
  const packages = [...new Set(names.map((name) => PROGRAMS[name].apt))];
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
