/**
 * Whom an address belongs to: an IPv4 address stands for itself, an IPv6 address for its /64, of which one customer has 2^64 addresses.
 * Cloudflare writes `cf-connecting-ip`, and removes what a client sends as it.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return `${groups.slice(0, 4).map(trim).join(":")}::/64`;
}

/** "0db8" and "DB8" are one group. */
function trim(group: string): string {
  return group.toLowerCase().replace(/^0+(?=.)/, "");
}
