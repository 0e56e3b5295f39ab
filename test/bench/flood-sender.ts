import { Agent } from "node:http";
import { setPriority } from "node:os";
import { exchangePlainly, type PacedLoad, startPacedLoad } from "../support/paced-load.ts";
import { createBenchEvents } from "./bench-events.ts";

/**
 * The flooding project, as a process of its own: in the one that measures it would delay what is measured. Takes its orders over the
 * channel of its parent: a {@link FloodOrder} begins, "stop" ends and is answered with the number of answers by status.
 */
export type FloodOrder = {
  readonly url: string;
  readonly key: string;
  readonly perSecond: number;
  readonly eventsPerRequest: number;
};
export type FloodCounts = Readonly<Record<string, number>>;

// In life whoever floods does it from elsewhere: here it only gets what processor time nobody else wants.
setPriority(19);

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let load: PacedLoad | undefined;

process.on("message", (message: FloodOrder | "stop") => {
  if (message === "stop") void stop();
  else begin(message);
});
process.once("disconnect", () => process.exit());

function begin({ url, key, perSecond, eventsPerRequest }: FloodOrder): void {
  load = startPacedLoad(perSecond, () => {
    const body = JSON.stringify(createBenchEvents(eventsPerRequest));
    return exchangePlainly(url, { agent, method: "POST", key, body });
  });
}

async function stop(): Promise<void> {
  const exchanges = (await load?.stop()) ?? [];
  const counts: Record<string, number> = {};
  for (const { status } of exchanges) counts[status] = (counts[status] ?? 0) + 1;
  process.send?.(counts);
}
