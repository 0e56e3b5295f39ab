import type { JetStreamManager } from "@nats-io/jetstream";
import type { ArchiveReport, ArchiveRequest } from "../contract/archive-report.ts";
import type { EventPage, EventPageQuery } from "../contract/event-page.ts";
import type { EventReading, TimeRange, WantedEvent } from "../contract/event-reading.ts";
import type { StoredEvent } from "../contract/receipt.ts";
import type { StatsQuery } from "../contract/stats-query.ts";
import type { StatsReading } from "../contract/stats-row.ts";
import type { EventRow } from "./event-row.ts";

/** What an error means for the rows that were being written. */
export type StoreErrorKind =
  /** The rows cannot be stored as they are: the same rows fail again, other rows would not. */
  | "data"
  /** The same rows can be stored later. */
  | "retryable"
  /** Nobody foresaw it. It is retried like the above, since a wrong table or a missing right must not cost an event. */
  | "unexpected";

export type WriteResult = { readonly inserted: number };

/**
 * One consumer's way into the store. Writing the same event again changes nothing, so that any batch may be written again. An event of
 * an erased user that was received before the erasure is dropped.
 */
export type EventWriter = {
  /** Commits the rows. When it rejects, some rows may be committed. */
  write(rows: readonly EventRow[]): Promise<WriteResult>;
};

/** Every read is of one project, and ends early when the signal aborts. */
export type EventReader = {
  readStats(projectId: string, query: StatsQuery, signal: AbortSignal): Promise<StatsReading>;
  readPage(projectId: string, query: EventPageQuery, signal: AbortSignal): Promise<EventPage>;
  /** The rows with an event's id, newest first, at most 10. */
  findEvent(
    projectId: string,
    eventId: string,
    range: TimeRange | undefined,
    signal: AbortSignal,
  ): Promise<EventReading>;
  /** How many of the events have a row. Ids may not repeat. */
  countStored(
    projectId: string,
    wanted: readonly WantedEvent[],
    signal: AbortSignal,
  ): Promise<number>;
  /** All events of a range, oldest first up to days, in pieces of bounded size. Each is there once, also while rows move. */
  exportEvents(
    projectId: string,
    range: TimeRange,
    signal: AbortSignal,
  ): AsyncIterable<readonly StoredEvent[]>;
};

/** What an erasure asks of an event. */
export type ReceivedEvent = {
  readonly projectId: string;
  readonly userId: string;
  readonly receivedAt: string;
};

/** Events removed, by the tier they were in: `hot` is the database, `cold` its files. */
export type ErasureCounts = Readonly<Record<string, number>>;

export type Erasure = {
  /** Events received before are gone, and never stored again from what the stream or an outbox still holds. */
  readonly erased_at: string;
  readonly removed: ErasureCounts;
};

/**
 * What the worker keeps events in: TimescaleDB (or PostgreSQL) with or without a cold tier, DuckDB, or ClickHouse. Life: `prepare` until it
 * works → `start` once the stream is known → writers and readers → `run` until stopped → `finish` after the last commit → `close`.
 */
export type Engine = {
  readonly name: "timescale" | "duckdb" | "clickhouse";
  readonly reader: EventReader;
  /** Makes or migrates the schema. Rejects while the database is away. */
  prepare(): Promise<void>;
  /** What no waiting will mend. */
  isPermanent(error: unknown): boolean;
  kindOf(error: unknown): StoreErrorKind;
  start(manager: JetStreamManager): Promise<void>;
  /** @param connections how many batches may be written at once. */
  openWriter(connections: number): EventWriter;
  /** Keeps what the engine derives from its rows fresh, reports progress, moves old rows, until stopped. */
  run(stop: AbortSignal): Promise<void>;
  finish(): Promise<void>;
  /** Removes a user's events. May be called again after a failure. */
  eraseUser(projectId: string, userId: string): Promise<Erasure>;
  /** Which of the events belong to users that were erased after they were received: nothing of them may be kept. */
  findErased<Event extends ReceivedEvent>(events: readonly Event[]): Promise<ReadonlySet<Event>>;
  /** Moves old events to the cold tier now; only an engine that has one can. */
  readonly archive?: (request: ArchiveRequest) => Promise<ArchiveReport>;
  /** The time up to which everything received is in every answer; undefined before that is known. */
  readAsOfMs(): Promise<number | undefined>;
  /** What the engine says of itself in the log and at `/readyz`. */
  describe(): Readonly<Record<string, unknown>>;
  /** Rejects when the store does not answer. */
  checkHealth(): Promise<void>;
  close(): Promise<void>;
};
