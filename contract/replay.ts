import { z } from "zod";

/**
 * A replay is a durable consumer of `EVENTS` beside the workers' own: it is created by whoever wants one, worked off and deleted by
 * the workers. So it survives the end of both, its place is JetStream's, and the janitor purges nothing it still needs.
 */
const NAME_PREFIX = "replay-";

export function replayConsumerName(id: string): string {
  return NAME_PREFIX + id;
}

export function isReplayConsumer(name: string): boolean {
  return name.startsWith(NAME_PREFIX);
}

/** What the consumer's `description` holds, as JSON. */
const replayPlanSchema = z.object({
  /** The last message of the stream when the replay was asked for: it ends there. */
  end_sequence: z.int().min(0),
  /** For each worker. */
  events_per_second: z.int().min(1),
});

export type ReplayPlan = z.infer<typeof replayPlanSchema>;

export function encodeReplayPlan(plan: ReplayPlan): string {
  return JSON.stringify(plan);
}

/** @throws {ReplayPlanError} when the description is none of a replay. */
export function parseReplayPlan(description: string | undefined): ReplayPlan {
  try {
    return replayPlanSchema.parse(JSON.parse(description ?? ""));
  } catch (cause) {
    throw new ReplayPlanError("Cannot read replay: the consumer's description is not a plan", {
      cause,
    });
  }
}

export class ReplayPlanError extends Error {
  override readonly name = "ReplayPlanError";
}
