import { codeOf } from "../error-code.ts";
import type { Sql } from "./database.ts";

/** What the database offers: Neon ships the Apache-2 edition, which has hypertables but no continuous aggregates. */
export type TimescaleEdition = "community" | "apache" | "none";

export type Capabilities = {
  readonly edition: TimescaleEdition;
  readonly hasCopyFromStdin: boolean;
};

export async function probeCapabilities(sql: Sql): Promise<Capabilities> {
  return { edition: await probeEdition(sql), hasCopyFromStdin: await probeCopyFromStdin(sql) };
}

async function probeEdition(sql: Sql): Promise<TimescaleEdition> {
  if (!(await createExtension(sql))) return "none";
  const [row] = await sql<{ license: string | null }[]>`
    select current_setting('timescaledb.license', true) as license`;
  return row?.license === "timescale" ? "community" : "apache";
}

async function createExtension(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ is_installed: boolean; is_available: boolean }[]>`
    select
      exists (select from pg_extension where extname = 'timescaledb') as is_installed,
      exists (select from pg_available_extensions where name = 'timescaledb') as is_available`;
  if (row?.is_installed === true) return true;
  if (row?.is_available !== true) return false;
  try {
    await sql`create extension if not exists timescaledb`;
    return true;
  } catch (error) {
    // Available on the machine, but not preloaded or not ours to create: then the database has no TimescaleDB for us.
    const refusals = ["42501", "55000", "0A000", "58P01", "XX000", "F0000"];
    if (refusals.includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

/**
 * PostgreSQL in WebAssembly reads COPY's data from a file of its own and ends the session when asked to read it from the client:
 * so it is recognised by the compiler it was built with, not by trying.
 */
async function probeCopyFromStdin(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ version: string }[]>`select version()`;
  return row !== undefined && !/emcc|emscripten|wasm/i.test(row.version);
}
