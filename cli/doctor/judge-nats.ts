import { MAX_MESSAGE_BYTES } from "../../contract/limits.ts";
import { formatBytes } from "../format-bytes.ts";
import type { NatsTarget } from "../nats/target.ts";
import type { Access } from "../parts/access.ts";
import { valueIn } from "../parts/answer.ts";
import type { NatsFacts, NatsServer, StreamsFacts } from "../parts/look-at-nats.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { mend } from "./mend.ts";
import { isAtLeast } from "./version.ts";

const { ok, warn, fail, skip } = findingsOf("nats");

/** Debian 12's, and the oldest that the streams work on. */
const MIN_VERSION = "2.9.10";
const OPERATOR = "use the user operator of deploy/nats-accounts.conf";

/** The servers, and what our user may do there. */
export function judgeNats(
  facts: NatsFacts | undefined,
  deployment: Access["deployment"],
): Finding[] {
  if (facts === undefined) {
    return [
      skip(
        "answers",
        "set NATS_URL, and NATS_USER and NATS_PASSWORD of the operator, or NATS_CREDS",
      ),
    ];
  }
  return [
    ...facts.servers.flatMap(({ name, answer }) => {
      if ("value" in answer) return judgeServer(name, answer.value, answer.tookMs);
      const fix = mend(
        deployment,
        "nats",
        `is NATS_URL right, does nats-server run there, and is ${OPERATOR.slice(4)} NATS_USER?`,
      );
      return [fail("answers", `${name}: ${answer.failure}`, fix)];
    }),
    ...(facts.streams === undefined ? [] : judgePermissions(facts.streams, facts.target)),
  ];
}

function judgeServer(name: string, server: NatsServer, tookMs: number): Finding[] {
  const { version, hasJetStream, maxPayload } = server;
  const findings = [
    ok("answers", `${name} in ${Math.round(tookMs)} ms`),
    isAtLeast(version, MIN_VERSION)
      ? ok("version", `nats-server ${version}`)
      : fail(
          "version",
          `nats-server ${version} at ${name}`,
          `install ${MIN_VERSION} or later: older ones ignore what the streams need`,
        ),
  ];
  if (!hasJetStream) {
    const fix = 'give it a "jetstream" block with a store_dir, as in deploy/nats.conf';
    findings.push(fail("JetStream", `is off at ${name}`, fix));
  }
  if (maxPayload < MAX_MESSAGE_BYTES) {
    const detail = `${formatBytes(maxPayload)} at ${name}, and messages have up to ${formatBytes(MAX_MESSAGE_BYTES)}`;
    findings.push(fail("max_payload", detail, "set max_payload: 1MB"));
  }
  return findings;
}

function judgePermissions(streams: StreamsFacts, { user, creds }: NatsTarget): Finding[] {
  const { events, dead, consumer, probe, mayDeleteStreams } = streams;
  const who = creds ? "the user of NATS_CREDS" : user ? `user "${user}"` : "whoever asks";
  const refusals = [events, dead, consumer, probe].flatMap((answer) =>
    "failure" in answer && /may not|nobody answers/.test(answer.failure) ? [answer.failure] : [],
  );
  const [refusal] = refusals;
  if (refusal !== undefined) return [fail("permissions", refusal, OPERATOR)];
  if (valueIn(mayDeleteStreams) === true) {
    return [warn("permissions", `${who} may delete the streams, which no command needs`, OPERATOR)];
  }
  if ("failure" in mayDeleteStreams) {
    const fix = "the connection was lost while it was in use: is the network well?";
    return [fail("permissions", mayDeleteStreams.failure, fix)];
  }
  return [ok("permissions", `${who} may do what the commands need, and not delete streams`)];
}
