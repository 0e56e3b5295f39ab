/**
 * Lays rows out in columns. The last column is cut to what is left of `width`; the others stand as they are.
 * Columns that hold numbers only stand to the right.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const table = [header, ...rows].map((row) => row.map(toPrintable));
  const widths = header.map((_, column) =>
    Math.max(...table.map((row) => lengthOf(row[column] ?? ""))),
  );
  const isNumber = header.map((_, column) =>
    rows.every((row) => /^[\d,]*$/.test(row[column] ?? "")),
  );
  const lines = table.map((row) => {
    const cells = row.map((cell, column) => {
      const blanks = " ".repeat((widths[column] ?? 0) - lengthOf(cell));
      if (isNumber[column]) return blanks + cell;
      return column === header.length - 1 ? cell : cell + blanks;
    });
    return shorten(cells.join("  "), width);
  });
  return `${lines.join("\n")}\n`;
}

/** One line without control characters: what clients sent must not steer the operator's terminal. */
export function toPrintable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, toEscape);
}

export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** `1 dead letter`, `1,234 dead letters`. */
export function count(number: number, thing: string): string {
  return `${formatNumber(number)} ${thing}${number === 1 ? "" : "s"}`;
}

export function formatNumber(number: number): string {
  return number.toLocaleString("en-US");
}

function toEscape(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function lengthOf(text: string): number {
  return [...text].length;
}
