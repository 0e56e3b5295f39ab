/** Every way to read a project's events, compared with what the project has. */
import { expect } from "vitest";
import type { Event } from "../../../contract/event.ts";
import type { StoredEvent } from "../../../contract/receipt.ts";
import type { StatsMeta } from "../../../contract/stats-answer.ts";
import type { StatsKind } from "../../../contract/stats-query.ts";
import { parseStatsSearch } from "../../../contract/stats-search.ts";
import { EXPORT_FORMATS } from "../../../contract/store-api.ts";
import { byId, readExport } from "../../integration/worker-http/read-export.ts";
import { naiveStats } from "../naive-stats.ts";
import { markOf, type Planting, PROJECTS, toNaive } from "./planted-events.ts";
import type { ProjectUnderTest } from "./project-under-test.ts";

const NO_CACHE = { "cache-control": "no-cache" };

/** @throws when an answer about the project is not what its own events give. */
export async function expectOwnAnswers(project: ProjectUnderTest, planting: Planting) {
  await expectOwnStats(project, planting);
  await expectOwnPages(project);
  await expectOwnReceipts(project, planting);
  await expectOwnExports(project);
}

/** No text of another project stands in it. */
export function expectNoOther(text: string, { id }: Pick<ProjectUnderTest, "id">): void {
  for (const other of PROJECTS) if (other !== id) expect(text).not.toContain(markOf(other));
}

export type Question = { readonly kind: StatsKind; readonly path: string; readonly search: string };

/** Each kind over new events, old ones and both; and about values that one project alone has. */
export function questionsOf({ oldFromMs, newFromMs }: Planting): Question[] {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const DAY_MS = 86_400_000;
  const end = day(newFromMs + 5 * DAY_MS);
  const both = `from=${day(oldFromMs)}&to=${end}`;
  const ranges = [
    `from=${day(newFromMs)}&to=${end}`,
    `from=${day(oldFromMs)}&to=${day(oldFromMs + 3 * DAY_MS)}`,
    both,
  ];
  const plan = "filter=properties.plan:eq:planted-plan-1";
  const questions: [StatsKind, string][] = [
    ["active_users", "interval=week"],
    ["top_events", "limit=9"],
    ["events", "interval=day"],
    ["events", "interval=total&measure=users"],
    ["events", `interval=month&breakdown=event_type&${plan}`],
    ["events", "interval=total&breakdown=properties.owner"],
    ["retention", "interval=week&periods=3"],
    ["funnel", "steps=planted-visit,planted-signup,planted-buy&window=7d"],
  ];
  const named = PROJECTS.map(markOf).flatMap((mark): [StatsKind, string][] => [
    ["events", `interval=total&filter=properties.owner:eq:${encodeURIComponent(mark)}`],
    ["events", `interval=total&event_type=${encodeURIComponent(`type ${mark}`)}`],
  ]);
  const toQuestion = ([kind, search]: [StatsKind, string], range: string): Question => ({
    kind,
    path: `/v1/stats/${kind.replace("_", "-")}?${search}&${range}`,
    search: `${search}&${range}`,
  });
  return [
    ...ranges.flatMap((range) => questions.map((question) => toQuestion(question, range))),
    ...named.map((question) => toQuestion(question, both)),
  ];
}

export type StatsAnswer = { readonly data: readonly object[]; readonly meta: StatsMeta };

/** Compares an answer with the definition's; the question itself may name another project's values. */
export function expectOwnData(
  project: ProjectUnderTest,
  { kind, search }: Question,
  { data, meta }: StatsAnswer,
): void {
  const query = parseStatsSearch(kind, new URLSearchParams(search));
  const wanted = naiveStats(query, project.events.map(toNaive), Date.parse(meta.as_of ?? ""));
  expect(data, `${project.id} ${kind} ${search}`).toEqual(wanted);
  expectNoOther(JSON.stringify(data), project);
}

async function expectOwnStats(project: ProjectUnderTest, planting: Planting): Promise<void> {
  for (const [index, question] of questionsOf(planting).entries()) {
    const { kind, path, search } = question;
    expectOwnData(project, question, await project.get<StatsAnswer>("r", path, NO_CACHE));
    if (index % 3 !== 0) continue;
    const response = await project.request("r", "/v1/query", {
      method: "POST",
      headers: { ...NO_CACHE, "content-type": "application/json" },
      body: JSON.stringify(parseStatsSearch(kind, new URLSearchParams(search))),
    });
    expect(response.status).toBe(200);
    expectOwnData(project, question, (await response.json()) as StatsAnswer);
  }
}

type Page = { readonly data: readonly StoredEvent[]; readonly next_cursor: string | null };

/** The pages of a path, one after another, and their cursors. */
export async function readPages(
  project: ProjectUnderTest,
  path: string,
): Promise<{ events: StoredEvent[]; cursors: string[] }> {
  const events: StoredEvent[] = [];
  const cursors: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const search: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page: Page = await project.get(
      "r",
      `${path}${path.includes("?") ? "&" : "?"}limit=17${search}`,
    );
    events.push(...page.data);
    cursor = page.next_cursor;
    if (cursor !== null) cursors.push(cursor);
  }
  return { events, cursors };
}

async function expectOwnPages(project: ProjectUnderTest): Promise<void> {
  const all = await readPages(project, "/v1/events");
  expect(toSent(all.events)).toEqual(newestFirst(project.events));
  const users = new Set(project.events.map(({ user_id }) => user_id));
  for (const one of PROJECTS) users.add(`user ${markOf(one)}`);
  for (const user of users) {
    const timeline = await readPages(project, `/v1/users/${encodeURIComponent(user)}/events`);
    const own = project.events.filter(({ user_id }) => user_id === user);
    expect(toSent(timeline.events)).toEqual(newestFirst(own));
  }
}

async function expectOwnReceipts(
  project: ProjectUnderTest,
  { sharedIds }: Planting,
): Promise<void> {
  for (const event of project.events.filter((_, index) => index % 6 === 0)) {
    const receipt = await project.get<object>("r", `/v1/events/${event.event_id}`);
    expect(receipt).toMatchObject({ status: "stored", event });
    expect(receipt).not.toHaveProperty("others");
  }
  for (const id of sharedIds.filter((one) => !project.sentIds.has(one)).slice(0, 3)) {
    expect((await project.request("r", `/v1/events/${id}`)).status).toBe(404);
  }
}

async function expectOwnExports(project: ProjectUnderTest): Promise<void> {
  for (const format of EXPORT_FORMATS) {
    const path = `/v1/export?from=2001-01-01&to=2099-01-01&format=${format}`;
    const response = await project.request("r", path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-disposition")).toContain(`sluice-${project.id}-2001`);
    const content = Buffer.from(await response.arrayBuffer());
    expect(await readExport(format, content)).toEqual(byId(project.events));
  }
}

function toSent(events: readonly StoredEvent[]): object[] {
  return events.map(({ received_at: _, ...event }) => event);
}

function newestFirst(events: readonly Event[]): Event[] {
  const order = ({ occurred_at, event_id }: Event) => `${occurred_at} ${event_id}`;
  return events.toSorted((a, b) => (order(a) < order(b) ? 1 : -1));
}
