import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { FileCase } from "./file-case.ts";

const GOOD = `
  select uuid()::varchar as event_id, 'parquet' as event_type, 'u1' as user_id, '2024-02-29T12:00:00Z' as occurred_at,
    '{"n":1}' as properties
  from range(50)`;

/** Parquet that is none, that is damaged, and that holds other things than events. */
export const PARQUET_FILES: readonly FileCase[] = [
  ...broken({
    "an empty file": () => Buffer.alloc(0),
    "its magic alone": () => Buffer.from("PAR1"),
    "its magic twice": () => Buffer.from("PAR1PAR1"),
    "a footer that is longer than the file": () =>
      Buffer.from("PAR1\0\0\0\0\xff\xff\xff\x7fPAR1", "latin1"),
    "a footer of no length": () => Buffer.from("PAR1\0\0\0\0PAR1", "latin1"),
    text: () => Buffer.from('{"event_type":"a"}\n'),
    zeros: () => Buffer.alloc(1024 * 1024),
  }),
  ...[0.01, 0.3, 0.5, 0.9, 0.99].map(
    (share): FileCase => ({
      name: `Parquet: cut at ${share * 100} %`,
      fileName: "events.parquet",
      content: async () => {
        const bytes = await write(GOOD);
        return bytes.subarray(0, Math.floor(bytes.length * share));
      },
      accepted: 0,
    }),
  ),
  ...Array.from(
    { length: 12 },
    (_, place): FileCase => ({
      name: `Parquet: a byte changed at ${place}/12`,
      fileName: "events.parquet",
      content: async () => {
        const bytes = await write(GOOD);
        const at = Math.floor(((place + 0.5) * bytes.length) / 12);
        bytes[at] = (bytes[at] ?? 0) ^ 0xff;
        return bytes;
      },
    }),
  ),
  ...written({
    "as it should be": [GOOD, 50],
    "no rows": [`${GOOD} where false`, 0],
    "a column too many": [`select *, 1 as strange from (${GOOD})`, 0],
    "no user": [`select * exclude (user_id) from (${GOOD})`, 0],
    "all columns null": [
      "select null::varchar as event_type, null::varchar as user_id from range(3)",
      0,
    ],
    "users that are lists": [`select * replace ([1, 2] as user_id) from (${GOOD})`],
    "types that are blobs": [`select * replace ('\\x00\\xFF'::blob as event_type) from (${GOOD})`],
    "texts with newlines and quotes": [
      `select * replace (E'a\\n"b\\\\\\t' as user_id) from (${GOOD})`,
      50,
    ],
    "properties that are no JSON": [`select * replace ('{' as properties) from (${GOOD})`, 0],
    "properties with newlines": [
      `select * replace (E'{\\n"a":\\r\\n1}' as properties) from (${GOOD})`,
      50,
    ],
    "a text of 10 MB": [
      `select * replace (repeat('x', 10000000) as user_id) from (${GOOD}) limit 3`,
      0,
    ],
    "times at the end of time": [
      `select * replace ('infinity'::timestamp as occurred_at) from (${GOOD})`,
    ],
    "times before time": [
      `select * replace ('-infinity'::timestamp as occurred_at) from (${GOOD})`,
    ],
    "numbers beyond all": [
      `select * replace (struct_pack(n := 'infinity'::double, m := 'nan'::double) as properties) from (${GOOD})`,
    ],
  }),
  ...[
    "it's.parquet",
    "a*.parquet",
    "[ab].parquet",
    "a?b.parquet",
    "{a,b}.parquet",
    "a\nb.parquet",
    "\u{1f600}\u202e.parquet",
    "a=1.parquet",
  ].map(
    (fileName): FileCase => ({
      name: `Parquet: a file called ${JSON.stringify(fileName)}`,
      fileName,
      content: () => write(GOOD),
      accepted: 50,
    }),
  ),
];

function broken(contents: Readonly<Record<string, () => Buffer>>): FileCase[] {
  return Object.entries(contents).map(([name, content]) => ({
    name: `Parquet: ${name}`,
    fileName: "events.parquet",
    content,
    accepted: 0,
  }));
}

function written(
  queries: Readonly<Record<string, readonly [query: string, accepted?: number]>>,
): FileCase[] {
  return Object.entries(queries).map(([name, [query, accepted]]) => ({
    name: `Parquet: ${name}`,
    fileName: "events.parquet",
    content: () => write(query),
    ...(accepted === undefined ? {} : { accepted }),
  }));
}

async function write(query: string): Promise<Buffer> {
  const folder = await makeTempDir("parquet");
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const path = join(folder.path, "file.parquet");
    await connection.run(`copy (${query}) to '${path}' (format parquet)`);
    return await readFile(path);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await folder.remove();
  }
}
