import type { Tally } from "../tally.ts";
import type { HttpClient } from "./http-client.ts";
import { type SlowCase, sendSlowly } from "./slow-case.ts";

/** All slow clients at once: they wait more than they work. */
export async function runSlowCases(
  cases: readonly SlowCase[],
  client: HttpClient,
  secrets: readonly string[],
  tally: Tally,
): Promise<void> {
  const run = async (slow: SlowCase) => {
    const { outcome, fault } = await sendSlowly(slow, client, secrets);
    tally.count("slow client", outcome);
    if (fault !== undefined) tally.fault({ kind: "slow client", text: fault });
  };
  await Promise.all(cases.map(run));
}
