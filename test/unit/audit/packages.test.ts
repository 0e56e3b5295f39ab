import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type LockedPackage = {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
};

const { dependencies, devDependencies, optionalDependencies, overrides, scripts } =
  read("package.json");
const { "": _ours, ...packages } = read("package-lock.json").packages as Readonly<
  Record<string, LockedPackage>
>;

/** Packages that run a script when they are installed. We have looked at each; a new one must be looked at first. */
const INSTALL_SCRIPTS = [
  "node_modules/chdb", // does nothing
  "node_modules/esbuild", // checks its binary
  "node_modules/workerd", // checks its binary
];

describe("package.json", () => {
  it.each(Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies }))(
    "pins %s exactly",
    (name, version) => {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);
      expect(packages[`node_modules/${name}`]?.version).toBe(version);
    },
  );

  it("runs nothing when it is installed", () => {
    const names = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
    for (const name of names) expect(scripts).not.toHaveProperty(name);
    expect(overrides).toBeUndefined();
  });
});

describe("package-lock.json", () => {
  const locked = Object.entries(packages);

  it("holds no package with an install script that we do not know", () => {
    const names = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(names.map(([name]) => name)).toEqual(INSTALL_SCRIPTS);
    expect(names.filter(([, { dev }]) => dev !== true)).toEqual([]);
  });

  it("says what each package that is installed here must be, to the bit", () => {
    // Optional ones are of other platforms: those that a registry did not have when the lock was made have no hash.
    const wanting = locked.filter(([, { integrity, optional }]) => !integrity && !optional);
    expect(wanting.map(([name]) => name)).toEqual([]);
    for (const [name, { integrity = "sha512-" }] of locked) {
      expect(integrity, name).toMatch(/^sha512-/);
    }
  });

  it("takes packages from the registry only, whichever that is", () => {
    for (const [name, { resolved, link }] of locked) {
      expect([resolved, link], name).toEqual([undefined, undefined]);
    }
  });
});

function read(name: string) {
  return JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), "utf8"));
}
