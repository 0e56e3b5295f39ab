import { EnvError, parseEnv, type WorkerEnv } from "./env.ts";
import { createLogger } from "./logger.ts";
import { runWorker } from "./worker.ts";

/** The promise is to be gone within 10 s of a SIGTERM; what is not stored by then is delivered again. */
const EXIT_DEADLINE_MS = 9_500;

const env = readEnv();
const logger = createLogger(env.LOG_LEVEL);
const stop = new AbortController();

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) return;
    stop.abort();
    setTimeout(() => {
      logger.warn("stop takes too long, leaving the rest to redelivery");
      process.exit(0);
    }, EXIT_DEADLINE_MS).unref();
  });
}

// Such as a write of the database driver to a socket that is gone. Nothing is lost by ending here, as nothing is acknowledged before
// its commit; going on with a broken connection might be worse. Whoever supervises the worker starts it again.
process.on("uncaughtException", (error) => {
  logger.fatal({ err: error }, "worker crashed");
  process.exit(1);
});

try {
  await runWorker(env, logger, stop.signal);
  process.exit(0);
} catch (error) {
  logger.fatal({ err: error }, "worker failed");
  process.exit(1);
}

function readEnv(): WorkerEnv {
  try {
    return parseEnv(process.env);
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    const { problems } = error;
    createLogger("info").fatal({ problems }, "environment is not valid");
    process.exit(1);
  }
}
