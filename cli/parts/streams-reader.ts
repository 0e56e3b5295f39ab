import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { NatsTarget } from "../nats/target.ts";
import { connectNats, whyNotConnected } from "../nats.ts";
import { type Answer, ask, valueIn } from "./answer.ts";
import { managerOf, readStreams, type StreamsState } from "./look-at-nats.ts";

const TIMEOUT_MS = 2_500;

/** Looks at the streams again and again, over one connection that it makes anew whenever it is lost. Ends with the process. */
export function createStreamsReader(target: NatsTarget): {
  read(): Promise<Answer<StreamsState>>;
} {
  let open: Open | undefined;
  return {
    async read() {
      if (open === undefined || open.connection.isClosed()) {
        const answer = await ask(
          TIMEOUT_MS,
          () => connectTo(target),
          (error) => whyNotConnected(error, target, TIMEOUT_MS),
        );
        if ("failure" in answer) return answer;
        open = answer.value;
      }
      const { connection, manager } = open;
      // Its questions wait one after another, twice.
      const answer = await ask(2 * TIMEOUT_MS + 500, () => readStreams(manager));
      const events = valueIn(answer)?.events;
      if (events !== undefined && "value" in events) return answer;
      // A connection that has died silently is not worth another question.
      void connection.close().catch(() => {});
      open = undefined;
      return events ?? (answer as { failure: string });
    },
  };
}

type Open = { readonly connection: NatsConnection; readonly manager: JetStreamManager };

async function connectTo(target: NatsTarget): Promise<Open> {
  const options = { timeoutMs: TIMEOUT_MS, maxReconnectAttempts: 0 };
  const connection = await connectNats(target, options);
  return { connection, manager: await managerOf(connection) };
}
