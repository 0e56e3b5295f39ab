import {
  type ArchiveReport,
  type ArchiveRequest,
  archiveRequestSchema,
} from "../../contract/archive-report.ts";
import type { Engine } from "../engine.ts";
import type { Call } from "./call.ts";
import { HttpProblem } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { sendJson } from "./send.ts";
import { toHttpProblem } from "./store-failure.ts";

export type ArchiveDeps = {
  readonly engine: Pick<Engine, "name">;
  /** Moves old days to the cold tier and reports; undefined where there is none. */
  readonly archive: ((request: ArchiveRequest) => Promise<ArchiveReport>) | undefined;
};

/** `POST /archive`: answers when all is moved, which may take long. */
export async function answerArchive({ request, response }: Call, deps: ArchiveDeps): Promise<void> {
  const wish = await readJson(request, archiveRequestSchema);
  if (deps.archive === undefined) {
    const detail = "No cold tier is configured: set COLD_URL for the worker";
    throw new HttpProblem("not-found", { detail });
  }
  try {
    sendJson(response, 200, await deps.archive(wish));
  } catch (error) {
    throw toHttpProblem(error, deps.engine);
  }
}
