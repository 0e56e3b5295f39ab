import { describe, expect, it, test } from "vitest";
import { ALLOWED_ADVISORIES } from "../../audit/allowed-advisories.ts";
import { judgeAudit } from "../../audit/judge-audit.ts";

const TODAY = "2026-11-24";

const REPORT = {
  auditReportVersion: 2,
  vulnerabilities: {
    "body-reader": {
      name: "body-reader",
      severity: "high",
      isDirect: true,
      via: ["query-reader"],
      effects: [],
      range: "<=1.20.2",
      nodes: ["node_modules/body-reader"],
      fixAvailable: { name: "body-reader", version: "2.0.0", isSemVerMajor: true },
    },
    "query-reader": {
      name: "query-reader",
      severity: "high",
      isDirect: false,
      via: [advisory("high", "GHSA-aaaa-bbbb-cccc", "query-reader", "Prototype pollution")],
      effects: ["body-reader"],
      range: "<6.7.3",
      nodes: ["node_modules/query-reader"],
      fixAvailable: true,
    },
    uri: {
      name: "uri",
      severity: "critical",
      isDirect: true,
      via: [
        advisory("moderate", "GHSA-1111-1111-1111", "uri", "Slow regular expression"),
        advisory("critical", "GHSA-2222-2222-2222", "uri", "Code execution"),
      ],
      effects: [],
      range: "<3.0.0",
      nodes: ["node_modules/uri"],
      fixAvailable: false,
    },
  },
  metadata: {
    vulnerabilities: { info: 0, low: 0, moderate: 0, high: 2, critical: 1, total: 3 },
    dependencies: { prod: 90, dev: 300, optional: 60, peer: 0, peerOptional: 0, total: 389 },
  },
};

const CLEAN = {
  auditReportVersion: 2,
  vulnerabilities: {},
  metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, total: 0 } },
};

const POLLUTION =
  "high: query-reader <6.7.3: Prototype pollution, https://github.com/advisories/GHSA-aaaa-bbbb-cccc";
const EXECUTION =
  "critical: uri <6.7.3: Code execution, https://github.com/advisories/GHSA-2222-2222-2222";

function advisory(severity: string, id: string, name: string, title: string) {
  return {
    source: 1_096_727,
    name,
    dependency: name,
    title,
    url: `https://github.com/advisories/${id}`,
    severity,
    cwe: ["CWE-1321"],
    cvss: { score: 7.5, vectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" },
    range: "<6.7.3",
  };
}

function allow(id: string, until = "2027-01-01") {
  return { id, reason: "it is never given text of a client", until };
}

function judge(report: unknown, ...allowed: ReturnType<typeof allow>[]) {
  return judgeAudit(JSON.stringify(report), allowed, TODAY);
}

describe("judgeAudit()", () => {
  it("passes a clean report", () => {
    expect(judge(CLEAN)).toEqual({ status: "passed", lines: [] });
  });

  it("fails on every severe advisory, once, and on no other", () => {
    expect(judge(REPORT)).toEqual({ status: "failed", lines: [POLLUTION, EXECUTION] });
  });

  it("lets those pass that are allowed, up to their last day", () => {
    const execution = allow("GHSA-2222-2222-2222");
    expect(judge(REPORT, allow("GHSA-aaaa-bbbb-cccc", TODAY), execution).status).toBe("passed");
    expect(judge(REPORT, allow("GHSA-aaaa-bbbb-cccc", "2026-11-23"), execution)).toEqual({
      status: "failed",
      lines: [`${POLLUTION} (allowed until 2026-11-23 only)`],
    });
  });

  it("fails on an allowed one that is not found any more", () => {
    expect(judge(CLEAN, allow("GHSA-aaaa-bbbb-cccc"))).toEqual({
      status: "failed",
      lines: ["GHSA-aaaa-bbbb-cccc is allowed, and is not found any more: remove it from the list"],
    });
  });

  it("is skipped where the registry has no audit endpoint, or is away", () => {
    const uri = "https://registry.example/-/npm/v1/security/advisories/bulk";
    const error = { summary: "", detail: "" };
    const message = `405 Method Not Allowed - POST ${uri}`;
    expect(judge({ message, method: "POST", uri, statusCode: 405, body: "", error })).toEqual({
      status: "skipped",
      lines: ["the registry's audit endpoint answers 405"],
    });
    const refused = `request to ${uri} failed, reason: connect ECONNREFUSED 192.0.2.1:443`;
    expect(judge({ message: refused, error })).toEqual({
      status: "skipped",
      lines: ["the registry's audit endpoint cannot be reached"],
    });
  });

  it.each([
    [
      "npm's own error",
      JSON.stringify({ error: { code: "ENOLOCK", summary: "needs a lockfile" } }),
    ],
    ["no output", ""],
    ["text", "npm error audit"],
    ["another version of the report", JSON.stringify({ ...CLEAN, auditReportVersion: 3 })],
    ["a report without vulnerabilities", JSON.stringify({ auditReportVersion: 2 })],
    ["an empty object", "{}"],
  ])("takes nothing else for a clean report: %s", (_name, output) => {
    const { status, lines } = judgeAudit(output, [], TODAY);
    expect(status).toBe("failed");
    expect(lines.join()).toMatch(/^Cannot read the report of npm audit: /);
  });
});

test("what is allowed has an id, a reason and a day", () => {
  for (const { id, reason, until } of ALLOWED_ADVISORIES) {
    expect(id).toMatch(/^GHSA(-[0-9a-z]{4}){3}$/);
    expect(reason.length).toBeGreaterThan(20);
    expect(until).toMatch(/^20\d\d-\d\d-\d\d$/);
  }
});
