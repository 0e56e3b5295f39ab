/** What the edge's tests take from `cloudflare:test`, for when they run on Node. */
import { BackgroundWork } from "../../edge/node/background-work.ts";

export function createExecutionContext(): BackgroundWork {
  return new BackgroundWork(() => {});
}

export function waitOnExecutionContext(context: BackgroundWork): Promise<void> {
  return context.finish();
}
