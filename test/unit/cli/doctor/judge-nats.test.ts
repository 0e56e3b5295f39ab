import { describe, expect, test } from "vitest";
import { judgeNats } from "../../../../cli/doctor/judge-nats.ts";
import { isAtLeast } from "../../../../cli/doctor/version.ts";
import { complaints, LOCAL, NAMED, natsFacts, SILENT, streamsFacts, told } from "./facts.ts";

const SERVER = { version: "2.9.10", hasJetStream: true, maxPayload: 1_048_576 };
const REFUSED = { failure: 'the user may not do this (Permissions Violation for Publish to "x")' };

describe("judgeNats()", () => {
  test("has nothing against one that is well", () => {
    expect(complaints(judgeNats(natsFacts(), NAMED))).toEqual([]);
  });

  test("says what to set where it was given nothing", () => {
    expect(complaints(judgeNats(undefined, NAMED))).toEqual([
      "skipped answers: set NATS_URL, and NATS_USER and NATS_PASSWORD of the operator, or NATS_CREDS",
    ]);
  });

  test("names the one server of three that is away", () => {
    const servers = [
      { name: "nats-1:4222", answer: told(SERVER) },
      { name: "nats-2:4222", answer: SILENT },
      { name: "nats-3:4222", answer: told(SERVER) },
    ];
    expect(complaints(judgeNats(natsFacts({ servers }), NAMED))).toEqual([
      "failure answers: nats-2:4222: no answer within 2.5 s → is NATS_URL right, does nats-server run there, and is the user operator of deploy/nats-accounts.conf NATS_USER?",
    ]);
  });

  test("of the local stack tells the log", () => {
    const servers = [{ name: "127.0.0.1:1", answer: { failure: "connection refused" } }];
    expect(complaints(judgeNats(natsFacts({ servers, streams: undefined }), LOCAL))).toEqual([
      "failure answers: 127.0.0.1:1: connection refused → npm start starts nats again by itself; if it stays away, see .data/logs/nats.log",
    ]);
  });

  test.each([
    [{ version: "2.9.9" }, "failure version: nats-server 2.9.9 at n"],
    [{ hasJetStream: false }, "failure JetStream: is off at n"],
    [
      { maxPayload: 65_536 },
      "failure max_payload: 65.5 kB at n, and messages have up to 524.3 kB → set max_payload: 1MB",
    ],
  ])("refuses %j", (given, complaint) => {
    const servers = [{ name: "n", answer: told({ ...SERVER, ...given }) }];
    expect(complaints(judgeNats(natsFacts({ servers }), NAMED))).toEqual([
      expect.stringContaining(complaint),
    ]);
  });

  test.each([
    [{ events: REFUSED }, "failure permissions: the user may not do this"],
    [{ probe: { failure: "nobody answers for JetStream" } }, "failure permissions: nobody answers"],
    [
      { mayDeleteStreams: told(true) },
      'warning permissions: user "operator" may delete the streams, which no command needs → use the user operator of deploy/nats-accounts.conf',
    ],
    [{ mayDeleteStreams: SILENT }, "failure permissions: no answer within 2.5 s"],
  ])("judges permissions by %j", (given, complaint) => {
    const facts = natsFacts({ streams: streamsFacts(given) });
    expect(complaints(judgeNats(facts, NAMED))).toEqual([expect.stringContaining(complaint)]);
  });
});

test.each([
  ["2.9.10", "2.9.10", true],
  ["2.9.9", "2.9.10", false],
  ["2.10", "2.9.10", true],
  ["v22.18.0", "22.18", true],
  ["2.9", "2.9.10", false],
  ["7.0.15-rc1", "6.2", true],
  ["2.23.0-dev", "2.23", true],
  ["nightly", "1", true],
])("isAtLeast() compares %s with %s", (version, wanted, expected) => {
  expect(isAtLeast(version, wanted)).toBe(expected);
});
