/** One event as JSON text: valid, or changed at one place. For fast-check. */
import fc from "fast-check";
import { TIMESTAMP_TEXTS, UUID_TEXTS } from "../corpus/hostile-scalars.ts";
import { hostileText, jsonKey, jsonText } from "./json-text.ts";

/** The members of an event in their order; each of them JSON. */
type Members = readonly (readonly [key: string, value: string])[];

const json = (text: string) => JSON.stringify(text);

const time = fc.constantFrom(
  '"@now@"',
  '"@now@"',
  '"@now@"',
  '"2024-02-29T12:00:00.123456Z"',
  '"2024-02-29T23:59:60+01:00"',
  '"2019-06-01T00:00:00-23:59"',
);

/** Both projects use the same types and users, so that what mixes them up shows. */
const validMembers: fc.Arbitrary<Members> = fc
  .record({
    type: fc.constantFrom("view", "buy", "\u00e9", "\u{1f600}", "it's", "%_"),
    user: fc.constantFrom("u1", "u2", "u3", "@mark@", "\u202e\u05d0"),
    time,
    properties: fc.array(fc.tuple(jsonKey, jsonText), { maxLength: 2 }),
    isPlain: fc.boolean(),
  })
  .map(({ type, user, time: occurredAt, properties, isPlain }) => [
    ['"event_id"', '"@id@"'],
    ['"occurred_at"', occurredAt],
    ['"event_type"', json(type)],
    ['"user_id"', json(user)],
    ['"properties"', toObject([['"mark"', '"@mark@"'], ...(isPlain ? [] : properties)])],
  ]);

const place = fc.nat(4);

type Change = (members: Members) => Members;

const replace =
  (at: number, value: string): Change =>
  (members) =>
    members.map(([key, own], index) => [key, index === at ? value : own]);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(place, jsonText).map(([at, value]) => replace(at, value)) },
  { weight: 3, arbitrary: fc.constantFrom(...UUID_TEXTS).map((id) => replace(0, json(id))) },
  { weight: 3, arbitrary: fc.constantFrom(...TIMESTAMP_TEXTS).map((at) => replace(1, json(at))) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(2, 3), hostileText)
      .map(([at, text]) => replace(at, json(text))),
  },
  {
    weight: 2,
    arbitrary: place.map(
      (at): Change =>
        (members) =>
          members.toSpliced(at, 1),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, jsonKey, jsonText).map(
      ([at, key, value]): Change =>
        (members) =>
          members.toSpliced(at, 0, [key, value]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, jsonText).map(
      ([at, value]): Change =>
        (members) => [...members, [members[at]?.[0] ?? '""', value]],
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Change =>
        (members) => [...members, members[at] ?? ["0", "0"]],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, jsonKey).map(
      ([at, key]): Change =>
        (members) =>
          members.map(([own, value], index) => [index === at ? key : own, value]),
    ),
  },
);

export const validEvent: fc.Arbitrary<string> = validMembers.map(toObject);

export const changedEvent: fc.Arbitrary<string> = fc
  .tuple(validMembers, change)
  .map(([members, apply]) => toObject(apply(members)));

function toObject(members: Members): string {
  return `{${members.map(([key, value]) => `${key}:${value}`).join(",")}}`;
}
