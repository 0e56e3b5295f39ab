import type { Database } from "../database.ts";
import type { WorkerOptions } from "./worker-client.ts";

/** Rejects when what the edge reads from does not answer: its database, or the worker's where it has none. */
export async function pingStore(
  database: Database | undefined,
  worker: WorkerOptions | undefined,
): Promise<unknown> {
  if (database !== undefined) return database.query({ text: "select 1", params: [] });
  const signal = AbortSignal.timeout(2_000);
  const response = await fetch(new URL("/readyz", worker?.url), { signal });
  // The worker may be unready for the stream's sake, and its store still answer.
  const { parts } = (await response.json()) as WorkerReadiness;
  if (parts?.database?.ok !== true)
    throw new Error("Cannot read: the worker's store does not answer");
  return parts;
}

type WorkerReadiness = { readonly parts?: { readonly database?: { readonly ok?: boolean } } };
