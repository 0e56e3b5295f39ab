import { type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;

/** One JSON object a line on stdout. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
