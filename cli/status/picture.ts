import { redact } from "../../contract/redact.ts";
import { formatBytes } from "../format-bytes.ts";
import { formatAge } from "../parts/format-age.ts";
import type { Colour, Paint } from "../parts/paint.ts";
import { count, formatNumber, shorten, toPrintable } from "../table.ts";
import type { PartState, Snapshot } from "./snapshot.ts";

export type PictureOptions = {
  readonly title: string;
  /** Of the terminal. */
  readonly width: number;
  readonly paint: Paint;
  /** Earlier snapshots, oldest first, for the small charts. */
  readonly past: readonly Snapshot[];
};

/** A piece of a line in one colour. */
type Piece = readonly [text: string, colour?: Colour];

const LABEL_WIDTH = 12;
const CHART_POINTS = 30;

/** The pipeline in a few lines, none longer than the terminal is wide. */
export function drawPicture(snapshot: Snapshot, options: PictureOptions): string[] {
  const { title, width, paint } = options;
  return [
    [
      [`Sluice: ${title}`, "bold"],
      [`  ${snapshot.at.slice(11, 19)} UTC`, "dim"],
    ],
    [],
    ...drawRates(snapshot, options.past),
    [],
    ...drawState(snapshot),
    [],
    ...drawParts(snapshot),
  ].map((pieces) => drawLine(pieces as readonly Piece[], width, paint));
}

function drawRates(snapshot: Snapshot, past: readonly Snapshot[]): Piece[][] {
  const all = [...past, snapshot].slice(-CHART_POINTS);
  const rate = (label: string, read: (one: Snapshot) => number | null, rest: Piece[]): Piece[] => [
    [label.padEnd(LABEL_WIDTH)],
    [formatRate(read(snapshot)).padStart(10)],
    ["  "],
    [drawChart(all.map(read)).padEnd(CHART_POINTS), "dim"],
    ...rest,
  ];
  return [
    rate("accepted", (one) => one.accepted_per_second, drawRefused(snapshot)),
    rate("stored", (one) => one.stored_per_second, []),
    rate("queries", (one) => one.queries_per_second, [
      [
        snapshot.query_p95_seconds === null
          ? ""
          : `  95 % within ${formatAge(snapshot.query_p95_seconds * 1_000)}`,
      ],
    ]),
  ];
}

function drawRefused({ rejected_per_second, duplicate_per_second }: Snapshot): Piece[] {
  const duplicate = duplicate_per_second ?? 0;
  const rejected = rejected_per_second ?? 0;
  return [
    [duplicate > 0 ? `  ${formatRate(duplicate)} duplicate` : ""],
    [rejected > 0 ? `  ${formatRate(rejected)} rejected` : "", "yellow"],
  ];
}

const BARS = "▁▂▃▄▅▆▇█";

/** One sign for each value, relative to the largest; a blank for what is not known. */
export function drawChart(values: readonly (number | null)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return " ";
      return BARS[most === 0 ? 0 : Math.ceil((value / most) * (BARS.length - 1))];
    })
    .join("");
}

function drawState(snapshot: Snapshot): Piece[][] {
  const { lag, freshness_seconds, outbox, dead_letters, stream, archiver } = snapshot;
  return [
    labelled("lag", lag === null ? UNKNOWN : drawLag(lag)),
    labelled(
      "freshness",
      freshness_seconds === null
        ? UNKNOWN
        : [
            `statistics are ${formatAge(freshness_seconds * 1_000)} old`,
            freshness_seconds >= 15 ? "yellow" : undefined,
          ],
    ),
    labelled("outbox", outbox === null ? UNKNOWN : drawOutbox(outbox)),
    labelled("dead letters", drawDead(dead_letters)),
    labelled("stream", stream === null ? UNKNOWN : drawStream(stream)),
    ...(archiver === null ? [] : [labelled("archiver", drawArchiver(archiver, snapshot.at))]),
  ];
}

type Shown = readonly [text: string, colour?: Colour | undefined];

const UNKNOWN: Shown = ["not known", "dim"];

function labelled(label: string, [text, colour]: Shown): Piece[] {
  const piece: Piece = colour === undefined ? [text] : [text, colour];
  return [[label.padEnd(LABEL_WIDTH + 1)], piece];
}

function drawLag({ messages, bytes, seconds }: NonNullable<Snapshot["lag"]>): Shown {
  if (messages === 0) return ["none", "green"];
  const age = seconds === null ? "" : `, the oldest for ${formatAge(seconds * 1_000)}`;
  const text = `${count(messages, "message")}, about ${formatBytes(bytes)}${age}`;
  return [text, (seconds ?? 0) >= 30 ? "yellow" : undefined];
}

function drawOutbox({ messages, events, bytes, seconds }: NonNullable<Snapshot["outbox"]>): Shown {
  if (messages === 0) return ["empty", "green"];
  const age = formatAge(seconds * 1_000);
  return [`${count(events, "event")}, ${formatBytes(bytes)}, the oldest for ${age}`, "yellow"];
}

function drawDead(letters: number | null): Shown {
  if (letters === null) return UNKNOWN;
  if (letters === 0) return ["none", "green"];
  return [`${count(letters, "event")}: sluice dead list`, "yellow"];
}

function drawStream({ messages, bytes, max_bytes }: NonNullable<Snapshot["stream"]>): Shown {
  const held = `${count(messages, "message")}, ${formatBytes(bytes)}`;
  if (max_bytes <= 0) return [held];
  const percent = Math.round((bytes / max_bytes) * 100);
  const text = `${held} of ${formatBytes(max_bytes)}, ${percent} %`;
  return [text, percent >= 95 ? "red" : percent >= 85 ? "yellow" : undefined];
}

function drawArchiver(
  { last_success, floor, failed }: NonNullable<Snapshot["archiver"]>,
  at: string,
): Shown {
  const ran =
    last_success === null
      ? "has not succeeded yet"
      : `last ran ${formatAge(Date.parse(at) - Date.parse(last_success))} ago`;
  const cold = floor === null ? "" : `, cold before ${floor.slice(0, 10)}`;
  const faults = failed === 0 ? "" : `, failed ${count(failed, "time")}`;
  return [ran + cold + faults, last_success === null ? "yellow" : undefined];
}

const TITLES = { edge: "edge", worker: "worker", nats: "NATS" } as const;
const COLOURS: Readonly<Record<string, Colour>> = {
  ready: "green",
  degraded: "yellow",
  "not-ready": "red",
  away: "red",
  unknown: "dim",
};

function drawParts({ parts }: Snapshot): Piece[][] {
  return (["edge", "worker", "nats"] as const).map((name) => drawPart(TITLES[name], parts[name]));
}

function drawPart(title: string, { state, reason, behind }: PartState): Piece[] {
  const word = state === "unknown" ? "not given" : state;
  const label: Piece = [title.padEnd(LABEL_WIDTH + 1)];
  const shown: Piece = [word.padEnd(10), COLOURS[state] ?? "red"];
  if (reason !== null) return [label, shown, [clean(reason)]];
  const well = Object.entries(behind).filter(([, word]) => word === "ok");
  const ill = Object.entries(behind).filter(([, word]) => word !== "ok");
  return [
    label,
    shown,
    ...ill.map(([name, word]): Piece => [`${clean(`${name}: ${word}`)}  `, "red"]),
    [well.length === 0 ? "" : `${well.map(([name]) => name).join(", ")} ok`, "dim"],
  ];
}

function formatRate(perSecond: number | null): string {
  if (perSecond === null) return "–";
  return `${formatNumber(Number(perSecond.toFixed(perSecond < 10 ? 1 : 0)))}/s`;
}

function clean(text: string): string {
  return redact(toPrintable(text));
}

/** Cut before it is painted: colours have no width. */
function drawLine(pieces: readonly Piece[], width: number, paint: Paint): string {
  let room = width;
  let line = "";
  for (const [text, colour] of pieces) {
    // Blanks at an end are not missed.
    const shown = text.trimEnd().length <= room ? text.slice(0, room) : shorten(text, room);
    line += colour === undefined ? shown : paint(colour, shown);
    room -= [...shown].length;
    if (room <= 0) break;
  }
  return line.trimEnd();
}
