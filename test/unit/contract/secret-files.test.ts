import { describe, expect, it } from "vitest";
import { readSecretFiles } from "../../../contract/secret-files.ts";

const FILES: Readonly<Record<string, string>> = {
  "/run/secrets/plain": "of one line",
  "/run/secrets/line": "of one line\n",
  "/run/secrets/windows": "of one line\r\n",
  "/run/secrets/lines": " of\ntwo lines\n\n",
  "/run/secrets/empty": "\n",
};

function read(settings: Record<string, string>) {
  return readSecretFiles(settings, ["TOKEN", "PASSWORD"], (path) => {
    const text = FILES[path];
    if (text !== undefined) return text;
    throw Object.assign(new Error(`no such file, open '${path}'`), { code: "ENOENT" });
  });
}

describe("readSecretFiles()", () => {
  it.each([
    ["plain", "of one line"],
    ["line", "of one line"],
    ["windows", "of one line"],
    ["lines", " of\ntwo lines\n"],
  ])("reads a secret without the last line feed: %s", (name, TOKEN) => {
    const { settings, faults } = read({ TOKEN_FILE: `/run/secrets/${name}`, OTHER: "1" });
    expect(settings).toMatchObject({ TOKEN, OTHER: "1" });
    expect(faults).toEqual([]);
  });

  it("takes an empty variable for one that is not set", () => {
    expect(read({ TOKEN: "", TOKEN_FILE: "/run/secrets/line" })).toMatchObject({
      settings: { TOKEN: "of one line" },
      faults: [],
    });
    expect(read({ TOKEN: "given", TOKEN_FILE: "" })).toMatchObject({
      settings: { TOKEN: "given" },
      faults: [],
    });
  });

  it("reads no file for a setting that is no secret", () => {
    expect(read({ HOST_FILE: "/run/secrets/line" }).settings).not.toHaveProperty("HOST");
  });

  it("names every problem, and no secret", () => {
    const { faults } = read({
      TOKEN: "hush",
      TOKEN_FILE: "/run/secrets/line",
      PASSWORD_FILE: "/run/secrets/none",
    });
    expect(faults).toEqual([
      { name: "TOKEN", message: "and TOKEN_FILE are both set" },
      { name: "PASSWORD_FILE", message: '"/run/secrets/none" cannot be read: ENOENT' },
    ]);
    expect(read({ TOKEN_FILE: "/run/secrets/empty" }).faults).toEqual([
      { name: "TOKEN_FILE", message: '"/run/secrets/empty" is empty' },
    ]);
  });
});
