/** What no answer may tell: where the code lies, what its parts are called and say, and where they listen. */
const INTERNALS: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    "a stack trace",
    /(?:\n|\\n)\s+at [\w.<>[\] ]+ ?\(|\bat (?:Object|async|new|process)\.? ?[\w.]+ \(/,
  ],
  ["a file of the code", /[\w-]\.(?:ts|mjs|cjs)\b|node_modules|file:\/\//],
  ["a folder of the machine", /(?:^|[\s"'(])\/(?:tmp|home|root|usr|var|work)\/[\w.-]/],
  ["an address of a part", /\b(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):\d{2,5}\b/],
  ["an error of the system", /\b(?:ECONN\w+|EPIPE|ENOENT|ENOTFOUND|EACCES|EADDR\w+|UND_ERR_\w+)\b/],
  [
    "an error of the database",
    /syntax error at|SQLSTATE|violates \w+ constraint|relation "|column "[^"]*" does not exist|invalid input syntax|out of range for type|(?:Binder|Catalog|Parser|Conversion|Out of Memory|IO|Invalid Input|Constraint) Error:|PostgresError|NeonDbError|DB::Exception/,
  ],
  ["an SQL statement", /\bselect\b[^"]{1,200}\bfrom\b|\binsert into\b|\bon conflict\b/i],
  [
    "an error of the language",
    /\b(?:TypeError|RangeError|ReferenceError|SyntaxError|ZodError)\b|is not a function|Cannot read properties of|Unexpected token/,
  ],
  ["a part's name", /\b(?:jetstream|nats-server|ioredis|upstash|workerd|miniflare|hypertable)\b/i],
];

/**
 * What an answer tells of the inside, but for what the request itself held: a text that was sent may be quoted.
 * @param secrets texts that must be in no answer at all.
 */
export function findInternals(
  answer: string,
  request: string,
  secrets: readonly string[],
): string | undefined {
  for (const secret of secrets) if (answer.includes(secret)) return "a secret";
  for (const [what, pattern] of INTERNALS) {
    const found = pattern.exec(answer)?.[0];
    if (found !== undefined && !request.includes(found.trim())) {
      return `${what}: "${found.trim().slice(0, 80)}"`;
    }
  }
  return undefined;
}
