import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface ComposeService {
  readonly image?: string;
  readonly user?: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly cap_add?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly network_mode?: string;
  readonly entrypoint?: readonly string[];
  readonly scale?: string | number;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks?: { readonly default: { readonly aliases: readonly string[] } };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** docker-compose.yml as docker compose sees it with some variables. */
export interface Compose {
  /** Those that run. */
  readonly services: Readonly<Record<string, ComposeService>>;
  /** With those of which there are 0: nothing waits for them. */
  readonly declared: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const root = new URL("../../", import.meta.url);

/** The services of the profiles, with their variables filled in. */
export function loadCompose(variables: Readonly<Record<string, string>>): Compose {
  const { services, volumes } = readCompose(variables) as Compose;
  const profiles = variables.COMPOSE_PROFILES?.split(",") ?? [];
  const declared = Object.entries(services).filter(
    ([, { profiles: own }]) => own === undefined || own.some((name) => profiles.includes(name)),
  );
  const running = declared.filter(([, { scale = 1 }]) => Number(scale) > 0);
  return {
    services: Object.fromEntries(running),
    declared: Object.fromEntries(declared),
    volumes,
  };
}

/** All that docker-compose.yml says, whatever it may be. Keys that begin with x- hold what the others share. */
export function readCompose(variables: Readonly<Record<string, string>>): unknown {
  const text = readFileSync(new URL("docker-compose.yml", root), "utf8");
  const parts = Object.entries(parse(text, { merge: true }) as Record<string, unknown>);
  return fillInAll(Object.fromEntries(parts.filter(([key]) => !key.startsWith("x-"))), variables);
}

/** The variables of an env file. */
export function readVariables(path: string): Record<string, string> {
  return Object.fromEntries(
    readFileSync(new URL(path, root), "utf8")
      .split("\n")
      .filter((line) => /^\w/.test(line))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** As docker compose does it, after YAML is read: a value that is filled in is text. */
function fillInAll(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return fillIn(value, variables);
  if (Array.isArray(value)) return value.map((item) => fillInAll(item, variables));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, fillInAll(item, variables)]);
  return Object.fromEntries(entries);
}

/** `${name:-default}` also stands for an empty variable, `${name-default}` only for one that is not set; a default may hold others. */
function fillIn(text: string, variables: Readonly<Record<string, string>>): string {
  const innermost = /\$\{(\w+)(:?)-([^${}]*)\}/g;
  let filled = text;
  for (let before = ""; before !== filled; ) {
    before = filled;
    filled = before.replaceAll(innermost, (_, name: string, colon: string, byDefault: string) => {
      const value = variables[name] ?? byDefault;
      return colon !== "" && value === "" ? byDefault : value;
    });
  }
  return filled.replaceAll("$$", "$");
}
