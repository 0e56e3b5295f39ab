import { describe, expect, test } from "vitest";
import { judgeStreams } from "../../../../cli/doctor/judge-streams.ts";
import type { StreamsFacts } from "../../../../cli/parts/look-at-nats.ts";
import {
  complaints,
  consumerInfo,
  deadInfo,
  eventsInfo,
  NOW_MS,
  natsFacts,
  streamsFacts,
  told,
} from "./facts.ts";

function judge(given: Partial<StreamsFacts>, settings: Record<string, string> = {}) {
  const facts = natsFacts({ streams: streamsFacts(given) });
  return complaints(judgeStreams(facts, settings, NOW_MS));
}

const AGAIN = "restart a worker: it applies its settings, or says what it cannot change";

describe("judgeStreams()", () => {
  test("has nothing against what the worker makes", () => {
    expect(judge({})).toEqual([]);
    expect(
      judge({}, { STREAM_MAX_BYTES: "8000000", STREAM_MAX_AGE_HOURS: "72", ACK_WAIT_MS: "10000" }),
    ).toEqual([]);
  });

  test("says what is in the way of looking", () => {
    expect(complaints(judgeStreams(undefined, {}, NOW_MS))).toEqual([
      "skipped EVENTS: set NATS_URL",
    ]);
    expect(judgeStreams(natsFacts({ streams: undefined }), {}, NOW_MS)).toMatchObject([
      { level: "failure", because: ["nats"] },
    ]);
  });

  test.each<[object, string]>([
    [{ discard: "old" }, 'discard is "old", wanted "new"'],
    [{ retention: "workqueue" }, 'retention is "workqueue", wanted "limits"'],
    [{ subjects: ["events.shop"] }, 'subjects is ["events.shop"], wanted ["events.>"]'],
    [{ max_msgs: 5 }, "max_msgs is 5, wanted -1"],
    [{ allow_direct: undefined }, "allow_direct is absent, wanted true"],
  ])("names an option of the stream that is %j", (config, detail) => {
    expect(judge({ events: told(eventsInfo(config)) })).toEqual([
      `failure EVENTS: ${detail} → ${AGAIN}`,
    ]);
  });

  test("compares sizes with the worker's settings where they are given, and only there", () => {
    const events = told(eventsInfo({ max_bytes: 7_000_000, num_replicas: 3 }));
    expect(judge({ events })).toEqual([]);
    expect(judge({ events }, { STREAM_REPLICAS: "1" })[0]).toBe(
      `failure EVENTS: num_replicas is 3, wanted 1 → ${AGAIN}`,
    );
  });

  test("names an option of the consumer", () => {
    const config = { ...consumerInfo().config, max_deliver: 5 };
    expect(judge({ consumer: told(consumerInfo({ config })) })).toEqual([
      `failure consumer: max_deliver is 5, wanted -1 → ${AGAIN}`,
    ]);
  });

  test.each([
    [{ events: told(undefined) }, "failure EVENTS: is not there → start a worker"],
    [{ dead: told(undefined) }, "failure EVENTS_DEAD: is not there → start a worker"],
    [{ consumer: told(undefined) }, "failure consumer: is not there → start a worker"],
    [
      { events: { failure: "the user may not do this" } },
      "failure EVENTS: the user may not do this → use the operator's user",
    ],
    [
      { dead: { failure: "no answer within 2.5 s" } },
      "failure EVENTS_DEAD: no answer within 2.5 s",
    ],
  ])("names what is not there or cannot be seen: %j", (given, complaint) => {
    expect(judge(given)).toEqual([expect.stringContaining(complaint)]);
  });

  test.each([
    [6_700_000, []],
    [
      7_000_000,
      [
        "warning EVENTS room: 9 messages, 7 MB of 8 MB, 88 % → let workers catch up, or give it room: nats stream edit EVENTS --max-bytes 16GB",
      ],
    ],
    [7_700_000, [expect.stringContaining("failure EVENTS room: 9 messages, 7.7 MB of 8 MB, 96 %")]],
  ])("judges a stream that holds %i bytes", (bytes, expected) => {
    expect(judge({ events: told(eventsInfo({}, { messages: 9, bytes })) })).toEqual(expected);
  });

  test("warns of a stream without a limit", () => {
    expect(judge({ events: told(eventsInfo({ max_bytes: -1 })) })).toEqual([
      expect.stringContaining("warning EVENTS room: 0 messages, 0 B without a limit"),
    ]);
  });

  test.each([
    [{ leader: "a", replicas: [{ name: "b", current: true }] }, []],
    [
      { leader: "a", replicas: [{ name: "b", current: false }] },
      [expect.stringContaining("warning EVENTS replicas: 2 of 3 are current, not b")],
    ],
    [{ replicas: [] }, [expect.stringContaining("failure EVENTS replicas: have no leader")]],
  ])("judges replicas %j", (cluster, expected) => {
    const events = told({ ...eventsInfo({ num_replicas: 3 }), cluster } as ReturnType<
      typeof eventsInfo
    >);
    expect(judge({ events })).toEqual(expected);
  });

  test.each([
    [29_000, []],
    [
      31_000,
      [
        "warning lag: 12 messages, the oldest for 31 s → does a worker run, and does its store keep up? Its log and sluice status tell",
      ],
    ],
    [600_000, [expect.stringContaining("failure lag: 12 messages, the oldest for 10 min")]],
    [-5_000, []],
  ])("judges a lag of %i ms", (lateMs, expected) => {
    const consumer = told(consumerInfo({ num_pending: 10, num_ack_pending: 2 }));
    expect(judge({ consumer, oldestUnackedMs: told(NOW_MS - lateMs) })).toEqual(expected);
  });

  test("tells of dead letters", () => {
    expect(judge({ dead: told(deadInfo({}, { messages: 3, bytes: 900 })) })).toEqual([
      "warning dead letters: 3 events → sluice dead list says why; then sluice dead replay, or drop",
    ]);
  });
});
