import { redact } from "../contract/redact.ts";

export type LogFields = Record<string, unknown>;

export type Logger = {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

/**
 * One JSON object per line, with the fields of docs/operations.md: a constant message, values as fields. Workers Logs and `wrangler tail` read stdout so. What clients and
 * libraries put into a value may hold a key or a password, so the finished line is redacted.
 */
export function createLogger(): Logger {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      const line = { level, time: new Date().toISOString(), ...fields, msg: message };
      // biome-ignore lint/suspicious/noConsole: the one place that writes; Workers have no other output.
      console.log(
        redact(
          JSON.stringify(line, (_, value) => (value instanceof Error ? toFields(value) : value)),
        ),
      );
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

function toFields(error: Error): LogFields {
  const { name, message, stack, cause } = error;
  return { type: name, message, stack, ...(cause === undefined ? {} : { cause }) };
}
