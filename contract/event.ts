import { z } from "zod";
import { MAX_TEXT_CHARACTERS } from "./limits.ts";
import { parseForeign } from "./parse-foreign.ts";
import { checkProperties, hasUnstorableText } from "./properties.ts";
import type { Rejection, RejectionCode } from "./rejection.ts";
import { parseTimestamp } from "./timestamp.ts";
import { isUuid } from "./uuid.ts";

const properties = z
  .custom<Record<string, unknown>>((value) => typeof value === "object" && value !== null)
  .superRefine((value, context) => {
    const problem = checkProperties(value);
    if (problem !== undefined) {
      const { code, path, detail } = problem;
      context.addIssue({ code: "custom", path: [...path], message: detail, params: { code } });
    }
  })
  .meta({
    type: "object",
    additionalProperties: true,
    default: {},
    description:
      "Any JSON object: at most 32 levels deep, 256 keys an object; no NUL, no lone surrogate, no number that a double cannot hold exactly, no key `__proto__`, `constructor` or `prototype`",
  });

/** An event as a client sends it. */
export const submittedEventSchema = z
  .strictObject({
    event_id: z
      .string()
      .refine(isUuid, { error: "is not a UUID", params: { code: "invalid_event_id" } })
      .transform((id) => id.toLowerCase())
      .optional()
      .meta({
        type: "string",
        format: "uuid",
        description: "Makes a retry safe. Absent: made from Idempotency-Key, or by the edge",
      }),
    event_type: textSchema("invalid_event_type").meta({ example: "signup" }),
    user_id: textSchema("invalid_user_id").meta({ example: "user-1" }),
    occurred_at: z
      .string()
      .transform((text, context) => {
        const timestamp = parseTimestamp(text);
        if (timestamp !== undefined) return timestamp;
        context.addIssue({
          code: "custom",
          message: "is not an RFC 3339 date-time with offset",
          params: { code: "invalid_occurred_at" },
        });
        return z.NEVER;
      })
      .optional()
      .meta({
        type: "string",
        format: "date-time",
        description:
          "RFC 3339 with offset, kept to the microsecond. May be absent only when event_id is a UUIDv7 or absent",
      }),
    properties: properties.optional(),
  })
  .meta({ id: "SubmittedEvent", description: "A product event as a client sends it" });

export type SubmittedEvent = z.infer<typeof submittedEventSchema>;

/** An event with its identity complete: what is published and stored. `occurred_at` is UTC, RFC 3339. */
export type Event = {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly event_type: string;
  readonly user_id: string;
  readonly properties: Record<string, unknown>;
};

/** Reads one event of a request, or says why it is refused. */
export function parseEvent(value: unknown): SubmittedEvent | Rejection {
  return readPlainEvent(value) ?? readWithSchema(value);
}

/**
 * The short way for the events that nearly all requests hold: all that it takes, the schema takes, with the same result. It exists for
 * speed only: workerd forbids the code generation that makes zod fast, and zod alone takes 5 µs an event there, this 1 µs.
 */
function readPlainEvent(value: unknown): SubmittedEvent | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  for (const field of Object.keys(value)) if (!FIELDS.has(field)) return undefined;
  const { event_id, event_type, user_id, occurred_at, properties } = value as Record<
    string,
    unknown
  >;
  if (!isText(event_type) || !isText(user_id)) return undefined;
  const event: { -readonly [Field in keyof SubmittedEvent]: SubmittedEvent[Field] } = {
    event_type,
    user_id,
  };
  if (event_id !== undefined) {
    if (typeof event_id !== "string" || !isUuid(event_id)) return undefined;
    event.event_id = event_id.toLowerCase();
  }
  if (occurred_at !== undefined) {
    const timestamp = typeof occurred_at === "string" ? parseTimestamp(occurred_at) : undefined;
    if (timestamp === undefined) return undefined;
    event.occurred_at = timestamp;
  }
  if (properties !== undefined) {
    if (checkProperties(properties) !== undefined) return undefined;
    event.properties = properties as Record<string, unknown>;
  }
  return event;
}

const FIELDS: ReadonlySet<string> = new Set(Object.keys(submittedEventSchema.shape));

function isText(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= MAX_TEXT_CHARACTERS &&
    !hasUnstorableText(value)
  );
}

function readWithSchema(value: unknown): SubmittedEvent | Rejection {
  const result = parseForeign(submittedEventSchema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return issue === undefined
    ? { code: "invalid_event", pointer: "", detail: "The event is not valid" }
    : toRejection(issue);
}

export function isRejection(value: SubmittedEvent | Event | Rejection): value is Rejection {
  return "code" in value;
}

function textSchema(code: RejectionCode) {
  return z
    .string()
    .min(1)
    .max(MAX_TEXT_CHARACTERS)
    .refine((text) => !hasUnstorableText(text), {
      error: "holds a NUL or a lone surrogate",
      params: { code },
    });
}

const INVALID_FIELD: Record<string, RejectionCode> = {
  event_id: "invalid_event_id",
  event_type: "invalid_event_type",
  user_id: "invalid_user_id",
  occurred_at: "invalid_occurred_at",
  properties: "invalid_properties",
};

function toRejection(issue: z.core.$ZodIssue): Rejection {
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    return {
      code: "unknown_field",
      pointer: toPointer([key]),
      detail: `Unknown field "${shorten(key)}": put your own data into properties`,
    };
  }
  const [field] = issue.path;
  if (field === undefined) {
    const fault = issue.code === "custom" ? issue.message : "is not a JSON object";
    return { code: "invalid_event", pointer: "", detail: `The event ${fault}` };
  }
  const code = issue.code === "custom" ? issue.params?.code : undefined;
  const name = String(field);
  if (issue.code === "invalid_type" && issue.input === undefined) {
    return { code: "missing_field", pointer: toPointer(issue.path), detail: `${name} is missing` };
  }
  return {
    code: code ?? INVALID_FIELD[name] ?? "invalid_event",
    pointer: toPointer(issue.path),
    detail: `${name} ${describe(issue)}`,
  };
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_small") return "is empty";
  if (issue.code === "too_big") return `is longer than ${MAX_TEXT_CHARACTERS} characters`;
  if (issue.code === "invalid_type") return `is not a ${issue.expected}`;
  return issue.path[0] === "properties" && issue.message === "Invalid input"
    ? "is not a JSON object"
    : issue.message;
}

/** A JSON Pointer (RFC 6901) to a part of the event, cut where it would be longer than any reader needs. */
function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${shorten(String(part).replaceAll("~", "~0").replaceAll("/", "~1"))}`)
    .join("");
}

function shorten(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
