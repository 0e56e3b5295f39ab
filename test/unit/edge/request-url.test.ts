import { describe, expect, it } from "vitest";
import { searchOf } from "../../../edge/http/search-of.ts";
import { userIdOf } from "../../../edge/http/user-id-of.ts";

/** What clients send as Host makes them no URL, or one with another path. */
const HOSTS = ["x", "a b", "%00", "[::1", "", "x:99999", "a@b"];

describe("searchOf()", () => {
  it.each(HOSTS)("reads the parameters whatever the host is: %j", (host) => {
    const search = searchOf(
      `http://${host}/v1/events?from=2024-01-01&x=%2B+%zz&key=slu_w_a#frag?y=1`,
    );
    expect([...search]).toEqual([
      ["from", "2024-01-01"],
      ["x", "+ %zz"],
    ]);
  });

  it("finds none where there are none", () => {
    expect([...searchOf("http://x/v1/events")]).toEqual([]);
    expect([...searchOf("http://x/v1/events#a?b=c")]).toEqual([]);
  });
});

describe("userIdOf()", () => {
  it.each(HOSTS)("reads the user whatever the host is: %j", (host) => {
    expect(userIdOf(`http://${host}/v1/users/a%2Fb/events?x=/v1/users/c`)).toBe("a/b");
  });

  it.each([
    [".", "%2e"],
    ["..", ".."],
    ["?", "%3F"],
  ])("takes the user %j for no step in the path", (user, segment) => {
    expect(userIdOf(`http://x/v1/users/${segment}/events`)).toBe(user);
    expect(userIdOf(`http://x/v1/users/${segment}`)).toBe(user);
  });
});
