import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Event } from "../../../contract/event.ts";
import type { IngestAnswer } from "../../../contract/ingest-answer.ts";
import type { KeyScope } from "../../../contract/key.ts";
import { runSluice } from "../../integration/cli/run-sluice.ts";
import { poll } from "../poll.ts";
import type { StackService } from "../stack.ts";
import { createStackClient, type StackClient } from "../stack-client.ts";
import type { PlantedProject } from "./planted-events.ts";

const CHECKOUT = fileURLToPath(new URL("../../..", import.meta.url));
const TIMEOUT_MS = 60_000;

/** Says in logs whose a request was. */
function requestIdOf(id: PlantedProject): string {
  return `of=${id}=${crypto.randomUUID()}`;
}

/** The project whose request it was, if it was one of {@link ProjectUnderTest}. */
export function projectOfRequest(requestId: unknown): string | undefined {
  return typeof requestId === "string" ? /^of=([^=]+)=/.exec(requestId)?.[1] : undefined;
}

/** A project of a running stack, with the events that it must be found to have, and no others. */
export type ProjectUnderTest = {
  readonly id: PlantedProject;
  readonly client: StackClient;
  /** Changes as the test posts and erases. */
  events: Event[];
  /** Of all events that it ever posted. */
  readonly sentIds: Set<string>;
  /** Asks again while a part does not answer in time, as an answer with `Retry-After` says. */
  request(scope: KeyScope, path: string, init?: RequestInit): Promise<Response>;
  /** Insists on 200. */
  get<Answer>(scope: KeyScope, path: string, headers?: Record<string, string>): Promise<Answer>;
  post(
    events: readonly object[],
    query?: string,
    headers?: Record<string, string>,
  ): Promise<IngestAnswer>;
  /** `sluice …` with the project's key. Answers what it prints, and insists on success. */
  sluice(scope: KeyScope, ...args: readonly string[]): Promise<string>;
};

export async function createProjectUnderTest(
  stack: StackService,
  id: PlantedProject,
  events: Event[],
): Promise<ProjectUnderTest> {
  const client = await createStackClient(stack, id);
  const keys = { w: client.writeKey, r: client.readKey, a: client.adminKey };
  const project: ProjectUnderTest = {
    id,
    client,
    events,
    sentIds: new Set(),
    request(scope, path, init = {}) {
      const headers = {
        authorization: `Bearer ${keys[scope]}`,
        "x-request-id": requestIdOf(id),
        ...init.headers,
      };
      return poll(
        `an answer of ${path}`,
        async () => {
          const signal = AbortSignal.timeout(TIMEOUT_MS);
          const response = await fetch(stack.edge_url + path, { signal, ...init, headers });
          if (response.status < 500) return response;
          throw new Error(`${response.status} ${await response.text()}`);
        },
        TIMEOUT_MS,
      );
    },
    async get<Answer>(scope: KeyScope, path: string, headers: Record<string, string> = {}) {
      const response = await project.request(scope, path, { headers });
      const text = await response.text();
      expect(response.status, `${id} ${path}: ${text}`).toBe(200);
      return JSON.parse(text) as Answer;
    },
    async post(sent, query = "?wait=stored", headers = {}) {
      for (const { event_id } of sent as Partial<Event>[]) project.sentIds.add(event_id ?? "");
      const named = { "x-request-id": requestIdOf(id), ...headers };
      const response = await client.send(JSON.stringify(sent), named, query);
      const text = await response.text();
      expect(response.status, `${id}: ${text}`).toBe(202);
      return JSON.parse(text) as IngestAnswer;
    },
    async sluice(scope, ...args) {
      const env = { DATA_DIR: stack.dataDir, SLUICE_KEY: keys[scope] };
      const { child, done } = runSluice(args, { cwd: CHECKOUT, env });
      child.stdin?.end();
      const { code, stdout, stderr } = await done;
      expect(code, stderr).toBe(0);
      return stdout;
    },
  };
  return project;
}
