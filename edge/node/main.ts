/**
 * The edge as a Node process: `npm run edge:node`. Its settings are in the environment, docs/operations.md tells of each.
 * SIGTERM ends it within ten seconds, with every request answered that had come in; what NATS has not got by then is in the outbox.
 */
import { ConfigError } from "../env.ts";
import { createLogger } from "../logger.ts";
import { runEdge } from "./run-edge.ts";
import { type NodeSettings, parseNodeSettings } from "./settings.ts";

const EXIT_DEADLINE_MS = 9_500;

const logger = createLogger();

// Nothing is lost by ending here, as nothing is answered before it is durable; going on might be worse. Whoever supervises the edge
// starts it again.
process.on("uncaughtException", (error) => {
  logger.error("the edge crashed", { err: error });
  process.exit(1);
});

const stopRequest = new Promise<void>((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
});

const settings = readSettings();
try {
  const edge = await runEdge(settings, logger);
  logger.info("the edge listens", { host: settings.HOST, port: edge.port });
  await stopRequest;
  await edge.stop(AbortSignal.timeout(EXIT_DEADLINE_MS));
  process.exit(0);
} catch (error) {
  logger.error("the edge cannot start", { err: error });
  process.exit(1);
}

function readSettings(): NodeSettings {
  try {
    return parseNodeSettings(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    logger.error("the edge cannot start", { problems: error.problems });
    process.exit(1);
  }
}
