import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileInUseError, type FileSql, openFileSql } from "../../../../edge/node/file-sql.ts";
import { makeTempDir, type TempDir } from "../../../support/temp-dir.ts";

let folder: TempDir;
let path: string;
let sql: FileSql;

beforeEach(async () => {
  folder = await makeTempDir("file-sql");
  path = join(folder.path, "test.sqlite");
  sql = openFileSql(path, "exclusive");
  sql.write("create table numbers (n integer primary key, text text)");
  await sql.settle();
});
afterEach(async () => {
  sql.close();
  await folder.remove();
});

const insert = (n: number) => sql.write("insert into numbers (n, text) values (?, 'x')", n);
const numbers = () => sql.read<{ n: number }>("select n from numbers order by n").map(({ n }) => n);

function reopen(): void {
  sql.close();
  sql = openFileSql(path, "exclusive");
}

describe("openFileSql()", () => {
  it("shows at once what is written, and has it on disk once it is settled", async () => {
    insert(1);
    insert(2);
    expect(numbers()).toEqual([1, 2]);
    await sql.settle();
    reopen();
    expect(numbers()).toEqual([1, 2]);
  });

  it("loses what is not settled when it is closed", () => {
    insert(1);
    reopen();
    expect(numbers()).toEqual([]);
  });

  it("undoes all that was written together when a part of it fails, for everybody who waits", async () => {
    insert(1);
    await sql.settle();
    insert(2);
    const settling = sql.settle();
    expect(() => insert(1)).toThrow("UNIQUE constraint failed");
    expect(() => insert(3)).toThrow("UNIQUE constraint failed");
    await expect(settling).rejects.toThrow("UNIQUE constraint failed");
    expect(numbers()).toEqual([1]);
    insert(4);
    await sql.settle();
    expect(numbers()).toEqual([1, 4]);
  });

  it("goes on after the disk was full", async () => {
    const [{ page_count: pages } = { page_count: 0 }] = sql.read<{ page_count: number }>(
      "pragma page_count",
    );
    sql.read(`pragma max_page_count = ${pages + 4}`);
    insert(1);
    const settling = sql.settle();
    const fill = () => sql.write("insert into numbers (text) values (?)", "x".repeat(100_000));
    expect(fill).toThrow("database or disk is full");
    expect(fill).toThrow("database or disk is full");
    await expect(settling).rejects.toThrow("database or disk is full");
    expect(numbers()).toEqual([]);
    insert(2);
    await sql.settle();
    expect(numbers()).toEqual([2]);
  });

  it("lets nobody else in while it is open", () => {
    expect(() => openFileSql(path, "exclusive")).toThrow(FileInUseError);
    expect(() => openFileSql(path, "exclusive")).toThrow(
      `Cannot open "${path}": another process has it`,
    );
  });

  it("belongs to the next one as soon as its process is killed, with all that was settled", async () => {
    sql.close();
    const writer = await startWriter();
    try {
      expect(() => openFileSql(path, "exclusive")).toThrow(FileInUseError);
    } finally {
      writer.kill("SIGKILL");
      await once(writer, "exit");
    }
    sql = openFileSql(path, "exclusive");
    expect(numbers()).toEqual([1, 2, 3]);
  });

  it("shares a file with others where it is told to", async () => {
    const shared = join(folder.path, "shared.sqlite");
    const [one, other] = [openFileSql(shared, "shared"), openFileSql(shared, "shared")];
    try {
      one.write("create table numbers (n integer)");
      one.write("insert into numbers values (1)");
      await one.settle();
      other.write("insert into numbers values (2)");
      await other.settle();
      expect(one.read("select n from numbers order by n")).toMatchObject([{ n: 1 }, { n: 2 }]);
    } finally {
      one.close();
      other.close();
    }
  });
});

/** Another process, which has written and holds the file. */
async function startWriter() {
  const module = fileURLToPath(new URL("../../../../edge/node/file-sql.ts", import.meta.url));
  const script = `
    const { openFileSql } = await import(${JSON.stringify(module)});
    const sql = openFileSql(${JSON.stringify(path)}, "exclusive");
    for (const n of [1, 2, 3]) sql.write("insert into numbers (n) values (?)", n);
    await sql.settle();
    sql.write("insert into numbers (n) values (4)");
    process.stdout.write("settled");
    setInterval(() => {}, 1_000);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
  const args = ["--no-warnings", "--input-type=module", "--eval", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}
