import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

const FILE_NAME = /^(\d{4}_[a-z0-9_]+)(?:\.([a-z]+))?\.sql$/;

/** One file of a database's schema. A file with a variant is for some databases only; which, its engine knows. */
export type Migration = {
  readonly name: string;
  readonly variant: string | undefined;
  readonly text: string;
  readonly checksum: string;
};

/**
 * The files of a folder, in order.
 * @throws {MigrationError} when one is not named `NNNN_name.sql` or `NNNN_name.variant.sql`.
 */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const fileNames = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    fileNames.map(async (fileName) => {
      const match = FILE_NAME.exec(fileName);
      if (match === null) throw new MigrationError(`Cannot read migration: name "${fileName}"`);
      const [, name = "", variant] = match;
      const text = await readFile(new URL(fileName, folder), "utf8");
      const checksum = createHash("sha256").update(text).digest("hex");
      return { name, variant, text, checksum };
    }),
  );
}

/** What a file says was refused, or is not what was applied before. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}
