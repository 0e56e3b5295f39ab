import { credsAuthenticator } from "@nats-io/transport-node";
import { credsAuthenticator as websocketAuthenticator } from "nats.ws";
import { describe, expect, it } from "vitest";
import { findLoginFaults, natsCreds } from "../../../contract/nats-creds.ts";
import { FAKE_CREDS, FAKE_JWT, FAKE_SEED } from "../../support/fake-creds.ts";

describe("natsCreds", () => {
  it.each([
    ["as nsc writes it", FAKE_CREDS],
    ["without the last line feed", FAKE_CREDS.trimEnd()],
    ["that ends with the seed's last line", FAKE_CREDS.replace(/\n\n\*+\n$/, "")],
    ["of Windows", FAKE_CREDS.replaceAll("\n", "\r\n")],
    ["in one line, in quotes", JSON.stringify(FAKE_CREDS)],
    ["whose lines became spaces", FAKE_CREDS.replaceAll("\n", " ")],
  ])("reads a file %s, for both clients", (_, text) => {
    const creds = new TextEncoder().encode(natsCreds.parse(text));
    // A seed whose checksum is wrong is as far as they come: they have found it.
    for (const read of [credsAuthenticator(creds), websocketAuthenticator(creds)]) {
      expect(() => read("nonce")).toThrow(/checksum/i);
    }
    expect(natsCreds.parse(text)).toBe(natsCreds.parse(FAKE_CREDS));
  });

  it.each([
    ["no creds at all", "s3cret-password", "it has no JWT"],
    ["a path", "/run/secrets/nats.creds", "it has no JWT"],
    ["a seed alone", FAKE_SEED, "it has no JWT"],
    ["a JWT alone", FAKE_JWT, "it has no seed (SU…) of a user"],
    ["an account's seed", FAKE_CREDS.replace("\nSU", "\nSA"), "it has no seed (SU…) of a user"],
    ["a seed that was cut", FAKE_CREDS.replace(FAKE_SEED, FAKE_SEED.slice(0, 50)), "no seed"],
    ["nothing", "", "it has no JWT"],
  ])("refuses %s, and quotes none of it", (_, text, reason) => {
    const { issues = [] } = natsCreds.safeParse(text).error ?? {};
    expect(issues.map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);
    expect(issues[0]?.message).toMatch(/^is not the content of a \.creds file: /);
    if (text !== "") expect(JSON.stringify(issues)).not.toContain(text.slice(0, 12));
  });
});

describe("findLoginFaults()", () => {
  it.each([
    [{}, []],
    [{ NATS_CREDS: "c" }, []],
    [{ NATS_USER: "u", NATS_PASSWORD: "p" }, []],
    [{ NATS_CREDS: "c", NATS_USER: "", NATS_PASSWORD: undefined }, []],
    [{ NATS_CREDS: "c", NATS_USER: "u" }, ["NATS_USER"]],
    [{ NATS_CREDS: "c", NATS_PASSWORD: "p" }, ["NATS_PASSWORD"]],
    [{ NATS_CREDS: "c", NATS_USER: "u", NATS_PASSWORD: "p" }, ["NATS_USER and NATS_PASSWORD"]],
  ])("finds in %j what is one login too many", (settings, others) => {
    expect(findLoginFaults(settings)).toEqual(
      others.map((other) => ({
        name: "NATS_CREDS",
        message: `cannot be used together with ${other}: set one login or the other`,
      })),
    );
  });
});
