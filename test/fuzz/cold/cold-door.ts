import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import type { Event } from "../../../contract/event.ts";
import { createUuidV7 } from "../../../contract/uuid.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { type Door, sharesOf } from "../door.ts";
import { damagePlan } from "../generators/damages.ts";
import { createTally, type Tally } from "../tally.ts";
import { startWorkerParts, WORKER_TOKEN, type WorkerParts } from "../worker/worker-parts.ts";
import { MARKS, WORKER_PROJECTS } from "../worker/worker-plan.ts";
import { applyDamage, type Victim } from "./apply-damage.ts";
import { askCold, type ColdAnswer, questionsFor } from "./cold-questions.ts";
import type { DamagePlan, FileDamage } from "./damage-plan.ts";
import { judgeColdAnswer } from "./judge-cold-answer.ts";

const [OWN, OTHER] = WORKER_PROJECTS;
const MONTHS = ["2024-01", "2024-02", "2024-03"];
/** Enough that a file's pages are packed, and a changed byte is a byte among many. */
const EVENTS_PER_MONTH = 400;

/** The folder of a cold tier, with files that are not what they were, read by a real worker. */
export const coldDoor: Door = async (options) => {
  const startedMs = Date.now();
  const folder = await makeTempDir("cold");
  const cold = join(folder.path, "cold");
  const settings = { COLD_URL: pathToFileURL(cold).href, HOT_DAYS: "36500" };
  const parts = await startWorkerParts(settings).catch(async (error: unknown) => {
    await folder.remove();
    throw error;
  });
  const tally = createTally((fault) => options.say(`fault: ${fault.kind}: ${fault.text}`));
  try {
    const scene = await prepare(parts, cold, tally);
    for (const { seed, requests } of sharesOf(options)) {
      for (const plan of fc.sample(damagePlan, { seed, numRuns: requests })) {
        if (!options.stop.aborted) await runPlan(plan, scene);
      }
    }
    if (parts.worker.hasExited) tally.fault({ kind: "worker", text: "it has ended" });
    const seconds = (Date.now() - startedMs) / 1_000;
    return { door: "cold", seeds: options.seeds, tally, seconds, notes: [] };
  } finally {
    await parts.stop();
    await folder.remove();
  }
};

type Scene = {
  readonly parts: WorkerParts;
  readonly tally: Tally;
  readonly files: readonly string[];
  readonly otherFile: string;
  readonly questions: ReturnType<typeof questionsFor>;
  readonly rightAnswers: readonly ColdAnswer[];
};

async function prepare(parts: WorkerParts, cold: string, tally: Tally): Promise<Scene> {
  const events = MONTHS.flatMap(createEvents);
  for (const project of WORKER_PROJECTS) {
    const marked = events.map((one) => ({
      ...one,
      properties: { ...one.properties, mark: MARKS[project] },
    }));
    await parts.publisher.publish(project, marked);
  }
  await parts.publisher.waitUntilDrained();
  const moved = await fetch(`${parts.worker.url}/archive`, {
    method: "POST",
    headers: { authorization: `Bearer ${WORKER_TOKEN}` },
    body: JSON.stringify({ older_than_ms: 0 }),
  });
  if (!moved.ok) throw new Error(`Cannot archive: ${moved.status} ${await moved.text()}`);
  const questions = questionsFor(OWN, events[EVENTS_PER_MONTH + 7]?.event_id ?? "");
  const [otherFile = ""] = await filesOf(cold, OTHER);
  const scene = { parts, tally, files: await filesOf(cold, OWN), otherFile, questions };
  const rightAnswers = await askAll(scene);
  const wrong = rightAnswers.find(({ status }) => status !== 200);
  if (wrong !== undefined) throw new Error(`Cannot begin: ${wrong.status} ${wrong.text}`);
  return { ...scene, rightAnswers };
}

function createEvents(month: string): Event[] {
  return Array.from({ length: EVENTS_PER_MONTH }, (_, index) => {
    const day = String(1 + (index % 28)).padStart(2, "0");
    const occurred_at = `${month}-${day}T12:00:00.${String(index).padStart(3, "0")}Z`;
    return {
      event_id: createUuidV7(Date.parse(occurred_at)),
      occurred_at,
      event_type: index % 3 === 0 ? "buy" : "view",
      user_id: `u${index % 17}`,
      properties: { n: index, text: `text of event ${index * 7919}` },
    };
  });
}

async function filesOf(cold: string, project: string): Promise<string[]> {
  const names = await readdir(join(cold, `project=${project}`), { recursive: true });
  const files = names.filter((name) => name.endsWith(".parquet")).sort();
  return files.map((name) => join(cold, `project=${project}`, name));
}

async function askAll({ parts, questions }: Pick<Scene, "parts" | "questions">) {
  const answers: ColdAnswer[] = [];
  for (const [path, body] of questions) answers.push(await askCold(parts.worker.url, path, body));
  return answers;
}

async function runPlan(plan: DamagePlan, scene: Scene): Promise<void> {
  const { files, otherFile, parts, tally, rightAnswers } = scene;
  const fileAt = (index: number) => files[index % files.length] ?? "";
  const path = fileAt(plan.file);
  const victim: Victim = { path, otherMonth: fileAt(plan.file + 1), otherProject: otherFile };
  const logged = parts.worker.logs.length;
  const restore = await applyDamage(victim, plan.damage);
  const answers = await askAll(scene);
  await restore();
  const news = JSON.stringify(parts.worker.logs.slice(logged));
  for (const [index, answer] of answers.entries()) {
    const right = rightAnswers[index]?.text ?? "";
    const isRotten = isRot(plan.damage) && answer.status === 200 && answer.text !== right;
    tally.count(plan.kind, isRotten ? "altered" : String(answer.status));
    if (isRotten && !answer.text.includes(MARKS[OTHER] ?? "")) continue;
    const fault = judgeColdAnswer(answer, { right, path, news, otherMark: MARKS[OTHER] ?? "" });
    if (fault !== undefined) note(plan, scene, index, fault);
  }
  const [after] = await askAll(scene);
  if (after?.text !== rightAnswers[0]?.text) note(plan, scene, 0, "wrong also once it is restored");
}

/** Parquet's pages have no checksum: a byte of a text that is another one is a text like any other. docs/cold-tier.md says so. */
function isRot({ how }: FileDamage): boolean {
  return how === "flip" || how === "zero";
}

function note(plan: DamagePlan, { questions, tally }: Scene, index: number, fault: string): void {
  const [path, body] = questions[index] ?? [];
  tally.fault({
    kind: plan.kind,
    text: `${fault}, to ${path} ${JSON.stringify(body).slice(0, 100)}`,
    example: JSON.stringify(plan),
  });
}
