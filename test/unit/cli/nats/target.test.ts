import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../cli/cli-error.ts";
import { resolveNatsTarget } from "../../../../cli/nats/target.ts";
import { FAKE_CREDS, FAKE_SEED } from "../../../support/fake-creds.ts";

const local = { nats_url: "nats://worker:local@127.0.0.1:4222" };
const noLocal = () => undefined;

describe("resolveNatsTarget()", () => {
  test.each([
    ["the command line first", { natsUrl: "nats://a:1" }, { NATS_URL: "nats://b:2" }, ["a:1"]],
    ["then the environment", {}, { NATS_URL: "nats://b:2" }, ["b:2"]],
    ["then the local stack", {}, {}, ["127.0.0.1:4222"]],
    ["an empty variable for none", {}, { NATS_URL: "" }, ["127.0.0.1:4222"]],
    ["a list", {}, { NATS_URL: "nats://a:1, b ,nats://c:3," }, ["a:1", "b:4222", "c:3"]],
    ["an IPv6 address", {}, { NATS_URL: "nats://[::1]:4222" }, ["[::1]:4222"]],
  ])("takes %s", (_, options, env, servers) => {
    expect(resolveNatsTarget(options, env, () => local).servers).toEqual(servers);
  });

  test.each([
    ["nats://u:p@a", {}, { user: "u", password: "p" }],
    ["nats://u:p%40%2F@a", {}, { user: "u", password: "p@/" }],
    ["nats://u:100%@a", {}, { user: "u", password: "100%" }],
    ["nats://a,nats://u:p@b", {}, { user: "u", password: "p" }],
    ["nats://a", { NATS_USER: "v", NATS_PASSWORD: "q" }, { user: "v", password: "q" }],
    ["nats://u:p@a", { NATS_USER: "v", NATS_PASSWORD: "q" }, { user: "u", password: "p" }],
    ["nats://u@a", { NATS_PASSWORD: "q" }, { user: "u", password: "q" }],
    ["nats://t0ken@a", {}, { token: "t0ken" }],
    ["nats://a", {}, {}],
    ["nats://a", { NATS_CREDS: FAKE_CREDS }, { creds: expect.stringContaining(FAKE_SEED) }],
    ["nats://u:p@a", { NATS_CREDS: FAKE_CREDS }, { user: "u", password: "p" }],
  ])("finds the credentials of %s", (natsUrl, env, expected) => {
    const { servers: _, isTls, ...credentials } = resolveNatsTarget({ natsUrl }, env, noLocal);
    expect(credentials).toEqual(expected);
    expect(isTls).toBe(false);
  });

  test.each([
    [
      { NATS_CREDS: FAKE_CREDS, NATS_USER: "u" },
      "NATS_CREDS cannot be used together with NATS_USER: set one login or the other",
    ],
    [{ NATS_CREDS: FAKE_SEED }, "NATS_CREDS is not the content of a .creds file: it has no JWT"],
  ])("refuses what is no login, case %#, and tells no secret", (env, message) => {
    const resolve = () => resolveNatsTarget({ natsUrl: "nats://a" }, env, noLocal);
    expect(resolve).toThrow(UsageError);
    expect(resolve).toThrow(new UsageError(`Cannot use the environment: ${message}`));
  });

  test("asks for TLS where the URL does", () => {
    expect(resolveNatsTarget({ natsUrl: "tls://a" }, {}, noLocal).isTls).toBe(true);
  });

  test.each([
    ["no server", {}, "No NATS server given: pass --nats-url, set NATS_URL"],
    ["an empty list", { natsUrl: " , " }, "the list of URLs is empty"],
    ["a WebSocket", { natsUrl: "ws://a" }, '"ws://a" is not like nats://host:4222'],
    ["what is no URL", { natsUrl: "nats://a:port" }, '"nats://a:port" is not like'],
  ])("refuses %s", (_, options, message) => {
    expect(() => resolveNatsTarget(options, {}, noLocal)).toThrow(UsageError);
    expect(() => resolveNatsTarget(options, {}, noLocal)).toThrow(message);
  });

  test.each([["nats://u:s3/cret@a:x"], ["u:s3/cret@a:x"], ["ws://u:s3cret@a"]])(
    "does not tell the password in %s",
    (natsUrl) => {
      expect(() => resolveNatsTarget({ natsUrl }, {}, noLocal)).toThrow(/^(?!.*s3).*…@a/);
    },
  );
});
