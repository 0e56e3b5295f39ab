import { type Logger as PinoLogger, pino } from "pino";
import { redact } from "../contract/redact.ts";

export type Logger = PinoLogger;

/**
 * One JSON object a line on stdout, with the fields of docs/operations.md. Errors of drivers quote addresses with their passwords, and events hold what clients put there, so
 * the finished line is redacted.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: redact },
    serializers: { err: withoutRows },
  });
}

/** PostgreSQL quotes the rows that a statement was about in these two; nothing of an event is for a log. */
function withoutRows(error: Error): object {
  const { detail: _, where: __, ...rest } = pino.stdSerializers.err(error);
  return rest;
}
