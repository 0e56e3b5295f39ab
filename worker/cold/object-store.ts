/** A place for whole files that never change once they are there. */
export type ObjectStore = {
  /** Where a file is made before {@link put} takes it away. */
  readonly stagingDir: string;
  /** The folders of this machine that hold staged and lent files. */
  readonly folders: readonly string[];
  /** Makes the folders. */
  prepare(): Promise<void>;
  /** Stores a local file under a name, durably, and removes it from the staging folder. */
  put(name: string, localPath: string): Promise<void>;
  /** Local paths of stored files, which stay there until the loan is released. @throws {ObjectMissingError} */
  lend(names: readonly string[], signal?: AbortSignal): Promise<Loan>;
  /** Drops what this machine holds of a remote file, unless it is so long, so that it is fetched anew. Nothing where there are no copies. */
  forgetCopy(name: string, bytes: number): Promise<void>;
  /** A name that is not there counts as removed. */
  remove(name: string): Promise<void>;
  /** Everything that is stored, in no particular order. */
  list(): AsyncIterable<StoredObject>;
};

export type Loan = { readonly paths: readonly string[]; release(): Promise<void> };

export type StoredObject = {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
};

/** Lends files for the time of an action. */
export async function withFiles<T>(
  store: Pick<ObjectStore, "lend">,
  names: readonly string[],
  action: (paths: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const loan = await store.lend(names, signal);
  try {
    return await action(loan.paths);
  } finally {
    await loan.release();
  }
}

/** Files that are named by nobody else: a project, a month and a UUID, so that none is ever written twice. */
export const OBJECT_NAME = /^project=[a-z0-9-]{1,40}\/month=\d{4}-\d\d\/[0-9a-f-]{36}\.parquet$/;

export class ObjectMissingError extends Error {
  override readonly name = "ObjectMissingError";

  constructor(name: string, options?: ErrorOptions) {
    super(`Cannot read object: "${name}" is not there`, options);
  }
}

/** A file is not what the manifest says, or cannot be read. Only its repair helps. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
  readonly code = "DAMAGED_FILE";
}

/** The place does not answer, or refuses. The same can succeed later. */
export class ObjectStoreError extends Error {
  override readonly name = "ObjectStoreError";
  readonly code = "OBJECT_STORE";
}
