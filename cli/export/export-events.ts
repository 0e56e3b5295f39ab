import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { CliError } from "../cli-error.ts";
import { describeFailure } from "../describe-failure.ts";
import { request } from "../http.ts";
import { resourceUrl, type Target } from "../target.ts";
import { type OutputPlan, STDOUT } from "./format.ts";
import { openOutput } from "./output.ts";
import { createTally } from "./tally.ts";

export type Export = {
  readonly target: Target;
  readonly range: { readonly from: string; readonly to: string };
  readonly plan: OutputPlan;
  readonly signal: AbortSignal;
  readonly onProgress: (tally: Pick<ReturnType<typeof createTally>, "bytes" | "events">) => void;
};

export type Exported = { readonly bytes: number; readonly events: number | undefined };

/**
 * Asks the edge for the events and writes them as they come. A transfer that breaks leaves no file.
 * @throws {CliError}, or the signal's reason when it was stopped.
 */
export async function exportEvents(options: Export): Promise<Exported> {
  const { target, range, plan, signal, onProgress } = options;
  const url = resourceUrl(target.url, "v1/export");
  url.search = String(new URLSearchParams({ ...range, format: plan.format }));
  const response = await request({ method: "GET", url, token: target.key, signal }, "export from");
  const output = openOutput(plan.output);
  const tally = createTally(plan.format, () => onProgress(tally));
  let failedReading: unknown;
  response.once("error", (error) => {
    failedReading = error;
  });
  const stages = [response, tally.stream, ...(plan.isGzip ? [createGzip()] : []), output.stream];
  try {
    // Standard output is not this command's to end.
    await pipeline(stages, { signal, end: plan.output !== STDOUT });
    await output.commit();
  } catch (cause) {
    await output.discard();
    signal.throwIfAborted();
    throw explain(cause, failedReading !== undefined, options, tally.bytes());
  }
  return { bytes: tally.bytes(), events: tally.events() };
}

function explain(
  cause: unknown,
  isTransfer: boolean,
  { target, plan }: Export,
  bytes: number,
): CliError {
  if (cause instanceof CliError) return cause;
  const isStdout = plan.output === STDOUT;
  const outcome = isStdout ? "what was written is not the whole" : `${plan.output} was not written`;
  const message = isTransfer
    ? `The export from ${target.url.origin} broke off after ${bytes} bytes: ${outcome}. Run the same command again`
    : `Cannot write ${isStdout ? "standard output" : plan.output}: ${describeFailure(cause)}`;
  return new CliError(message, { cause });
}
