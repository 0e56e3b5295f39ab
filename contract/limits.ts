/** Limits of the ingest API. Each is Sluice's own unless the comment names who imposes it. */

export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** For all of a body to arrive: 5 MiB at 175 KiB a second. */
export const BODY_TIMEOUT_MS = 30_000;
export const MAX_EVENTS_PER_REQUEST = 5_000;
/** Of the event's canonical JSON, as it is stored, in UTF-8. */
export const MAX_EVENT_BYTES = 32 * 1024;
/** Levels of objects and arrays inside `properties`, which is the first. */
export const MAX_NESTING_DEPTH = 32;
export const MAX_KEYS_PER_OBJECT = 256;
export const MAX_TEXT_CHARACTERS = 200;
export const MAX_FUTURE_MS = 10 * 60 * 1000;
export const DEFAULT_MAX_EVENT_AGE_DAYS = 7_300;
/** NATS' default `max_payload` is 1 MiB; half of it leaves room for a server configured lower. */
export const MAX_MESSAGE_BYTES = 512 * 1024;
export const SEEN_WINDOW_SECONDS = 86_400;
