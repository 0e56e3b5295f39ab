import { expect, test } from "vitest";
import { networkOf } from "../../../../edge/limits/client-network.ts";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:0:0:ffff::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::ffff:203.0.113.7", "0:0:0:0::/64"],
  [undefined, "unknown"],
])("networkOf(%s) is %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
