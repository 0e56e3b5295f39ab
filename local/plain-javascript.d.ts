// Types of the modules that run before there is a Node that strips types, as far as others import them.
declare module "*/bootstrap.mjs" {
  import type { ProgramName } from "*/bootstrap/programs.mjs";
  export function bootstrap(needs: {
    programs: ProgramName[];
    wanted?: ProgramName[];
    withPackages: boolean;
  }): Promise<NodeJS.ProcessEnv>;
  export function runForeground(
    command: string,
    args: string[],
    options: import("node:child_process").SpawnOptions,
  ): Promise<number>;
  export function parseCommandLine(
    args: string[],
  ):
    | { withPostgres: boolean; script: string; args: string[] }
    | { withPostgres: boolean; npmScript: string; args: string[] }
    | undefined;
}

declare module "*/bootstrap/apt-tools.mjs" {
  export function packagesToUnpack(plan: string): string[];
}

declare module "*/bootstrap/node.mjs" {
  export function isFittingNode(version: string): boolean;
  export function nodePlatformPackage(platform: string, arch: string): string;
}

declare module "*/bootstrap/programs.mjs" {
  export type ProgramName = "nats-server" | "redis-server" | "initdb" | "promtool" | "prometheus";
  export function describeUntested(programs: ProgramName[]): string;
  export function describeMissing(programs: ProgramName[]): string;
}

declare module "*/find-program.mjs" {
  export function findProgram(name: string): string | undefined;
}
