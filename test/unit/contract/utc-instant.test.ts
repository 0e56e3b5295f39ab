import { expect, it } from "vitest";
import { isUtcInstant } from "../../../contract/utc-instant.ts";

it.each([
  "2024-02-29T12:00:00Z",
  "2024-02-29T12:00:00.5Z",
  "2024-02-29T23:59:59.123456Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999Z",
])("isUtcInstant() takes %s", (text) => {
  expect(isUtcInstant(text)).toBe(true);
});

it.each([
  "2024-02-30T12:00:00Z",
  "2023-02-29T12:00:00Z",
  "2024-13-01T12:00:00Z",
  "2024-01-01T24:00:00Z",
  "2016-12-31T23:59:60Z",
  "0000-01-01T00:00:00Z",
  "10000-01-01T00:00:00Z",
  "2024-02-29T12:00:00.1234567Z",
  "2024-02-29T12:00:00+00:00",
  "2024-02-29",
  "2024-02-29T12:00:00Z\n",
  "infinity",
  "",
])("isUtcInstant() refuses %j", (text) => {
  expect(isUtcInstant(text)).toBe(false);
});
