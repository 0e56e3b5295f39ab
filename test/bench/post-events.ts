import type { StackClient } from "../support/stack-client.ts";
import { createBenchEvents } from "./bench-events.ts";

/** Posts `batches` batches, so many at once, and insists that each is accepted. */
export async function postBatches(
  client: StackClient,
  options: { readonly batches: number; readonly size: number; readonly concurrency: number },
): Promise<void> {
  let left = options.batches;
  const post = async () => {
    while (left > 0) {
      left -= 1;
      await client.post(createBenchEvents(options.size));
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, post));
}
