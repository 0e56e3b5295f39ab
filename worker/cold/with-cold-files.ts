import { stat } from "node:fs/promises";
import type { ColdFile } from "./manifest.ts";
import {
  DamagedFileError,
  type Loan,
  ObjectMissingError,
  type ObjectStore,
} from "./object-store.ts";

type Lender = Pick<ObjectStore, "lend" | "forgetCopy">;
type Wanted = Pick<ColdFile, "path" | "bytes">;

/**
 * Lends files of a manifest for the time of an action. A file that is not as long as it was made, or is no file, is never read: it would give
 * wrong numbers, or none without saying which file is to blame.
 * @throws {ObjectMissingError} {@link DamagedFileError}
 */
export async function withColdFiles<T>(
  store: Lender,
  files: readonly Wanted[],
  action: (paths: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const loan = await lendWhole(store, files, signal);
  try {
    return await action(loan.paths);
  } catch (error) {
    throw withNames(error, files);
  } finally {
    await loan.release();
  }
}

/** As {@link withColdFiles}, for whoever releases the loan. */
export async function lendWhole(
  store: Lender,
  files: readonly Wanted[],
  signal?: AbortSignal,
): Promise<Loan> {
  const names = files.map(({ path }) => path);
  const loan = await store.lend(names, signal);
  const damaged = await findDamaged(loan, files);
  if (damaged.length === 0) return loan;
  await loan.release();
  // A copy of a remote file may be at fault, and not the file: a full disk, a power loss.
  for (const { path, bytes } of damaged) await store.forgetCopy(path, bytes);
  const anew = await store.lend(names, signal);
  const [still] = await findDamaged(anew, files);
  if (still === undefined) return anew;
  await anew.release();
  throw new DamagedFileError(
    `Cannot trust file "${still.path}": it has ${still.found}, not ${still.bytes} bytes`,
  );
}

/** Says which files were read when DuckDB says that it cannot read one, and not which. Any other error is left as it is. */
export function withNames(error: unknown, files: readonly Wanted[]): unknown {
  if (!(error instanceof Error) || !DUCKDB_ERROR.test(error.message)) return error;
  const names = files.slice(0, MAX_NAMES).map(({ path }) => `"${path}"`);
  const more = files.length > MAX_NAMES ? ` and ${files.length - MAX_NAMES} more` : "";
  return new DamagedFileError(`Cannot read one of the files ${names.join(", ")}${more}`, {
    cause: error,
  });
}

/** Of the kinds that a damaged file causes those that do not name it: "IO Error" and "Invalid Input Error" do. */
const DUCKDB_ERROR = /^(Invalid|Binder|Serialization|INTERNAL) Error: /;
const MAX_NAMES = 10;

async function findDamaged({ paths }: Loan, files: readonly Wanted[]) {
  const found = await Promise.all(
    files.map(async ({ path, bytes }, index) => {
      const status = await stat(paths[index] ?? "").catch((cause: unknown) => {
        // Another one has replaced it since it was lent.
        throw new ObjectMissingError(path, { cause });
      });
      const isWhole = status.isFile() && status.size === bytes;
      return isWhole ? [] : [{ path, bytes, found: status.isFile() ? status.size : "no file" }];
    }),
  );
  return found.flat();
}
