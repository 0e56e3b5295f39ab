import { Hono } from "hono";
import type { UnwrappedLetter } from "../../contract/dead-letter.ts";
import {
  type DeadLetterPageQuery,
  deadLetterPageQuerySchema,
  type ShownLetter,
} from "../../contract/dead-letter-page.ts";
import { parseSearch } from "../../contract/stats-search.ts";
import { isUuid } from "../../contract/uuid.ts";
import type { AppEnv } from "../app-env.ts";
import { openCursor, sealCursor } from "../dead-letter-cursor.ts";
import type { DeadLetterReader } from "../dead-letter-reader.ts";
import { orInvalidQuery } from "../http/or-invalid-query.ts";
import { ProblemError } from "../http/problem.ts";
import { searchOf } from "../http/search-of.ts";
import { needWorker } from "../store/need-worker.ts";

export type DeadLettersDeps = {
  readonly deadLetters: DeadLetterReader | undefined;
  /** The first one seals cursors, all open them. */
  readonly keySecrets: readonly string[];
};

const HEADERS = { "cache-control": "no-store", vary: "Authorization" };

/** `GET /v1/dead-letters` and `GET /v1/dead-letters/{event_id}`: what the store refused, and why. Behind `authenticate(["a"])`. */
export function deadLetterRoutes({ deadLetters, keySecrets }: DeadLettersDeps) {
  const reader = () => needWorker(deadLetters, "Dead letters are read by the worker");
  return new Hono<AppEnv>()
    .get("/", async (c) => {
      const { projectId } = c.var.key;
      const { limit, cursor } = parseQuery(c.req.url);
      const position = cursor === undefined ? undefined : open(cursor, projectId);
      const { letters, before } = await answered(reader().list(projectId, limit, position));
      const next_cursor = before === null ? null : seal(before, projectId);
      return c.json({ data: letters.map(toShown), next_cursor }, 200, HEADERS);
    })
    .get("/:event_id", async (c) => {
      const eventId = c.req.param("event_id").toLowerCase();
      const letter = isUuid(eventId)
        ? await answered(reader().find(c.var.key.projectId, eventId))
        : undefined;
      if (letter === undefined) {
        throw new ProblemError("not-found", { detail: "No dead letter is of this event" });
      }
      return c.json(toShown(letter), 200, HEADERS);
    });

  function seal(position: number, projectId: string): string {
    const [secret = ""] = keySecrets;
    return sealCursor(position, projectId, secret);
  }

  function open(cursor: string, projectId: string): number {
    const position = openCursor(cursor, projectId, keySecrets);
    if (position !== undefined) return position;
    const detail = "cursor is none that an earlier page gave";
    throw new ProblemError("invalid-query", { errors: [{ pointer: "/cursor", detail }] });
  }
}

function parseQuery(url: string): DeadLetterPageQuery {
  const members = Object.keys(deadLetterPageQuerySchema.shape);
  return orInvalidQuery(
    () => parseSearch(deadLetterPageQuerySchema, {}, members, searchOf(url)) as DeadLetterPageQuery,
  );
}

function toShown({ stream_sequence: _, subject: __, ...letter }: UnwrappedLetter): ShownLetter {
  return { event_id: eventIdOf(letter.event), ...letter };
}

function eventIdOf(event: unknown): string | null {
  if (typeof event !== "object" || event === null || !("event_id" in event)) return null;
  return typeof event.event_id === "string" ? event.event_id : null;
}

async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw new ProblemError("store-unavailable", {
      detail: "The worker cannot read dead letters right now: ask again",
      headers: { "retry-after": "2" },
      cause,
    });
  }
}
