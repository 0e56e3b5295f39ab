import { expect, it } from "vitest";
import { KNOWN_KEYS } from "../../../contract/key-register.ts";
import { REVOKED_KEYS } from "../../../contract/revocation.ts";
import { EVENTS_STREAM, eventsSubject } from "../../../contract/stream.ts";
import type { Bench } from "./bench.ts";
import { readLogs, readRedis, readStream } from "./look-inside.ts";
import { expectNoOther } from "./own-answers.ts";
import { isPlanted, PLANTED, PROJECTS } from "./planted-events.ts";
import { projectOfRequest } from "./project-under-test.ts";

/** What lies inside the parts says by its place whose it is, and logs say nothing. */
export function describeParts(bench: Bench): void {
  it("inside Redis and NATS, where a thing stands says whose it is", async () => {
    // Limits are forgotten within seconds.
    for (const project of bench.projects) await project.post(project.events.slice(0, 5), "");
    const before = await readRedis(bench.stack);
    await bench.of("shop").post(bench.of("shop").events.slice(0, 5), "");
    const after = await readRedis(bench.stack);
    for (const [key, value] of after) {
      // Lists of keys, whose entries name their projects.
      if (key === REVOKED_KEYS || key === KNOWN_KEYS) continue;
      const named = key.split(":").filter(isPlanted);
      expect(named, key).toHaveLength(1);
      if (before.has(key) && before.get(key) !== value) expect(named, key).toEqual(["shop"]);
    }
    expect([...after.keys()].filter((key) => key.startsWith("limit:"))).not.toEqual([]);

    const messages = await readStream(bench.stack, EVENTS_STREAM);
    const owners = new Map<string, string>();
    for (const { subject, messageId, text } of messages) {
      const id = PROJECTS.find((one) => eventsSubject(one) === subject);
      expect(id, subject).toBeDefined();
      if (id === undefined) continue;
      // The import has put shop's values into a.
      if (id !== "a") expectNoOther(text, { id });
      // Those that the test published itself have none.
      if (!messageId) continue;
      expect(owners.get(messageId) ?? id).toBe(id);
      owners.set(messageId, id);
    }
    expect(messages.length).toBeGreaterThan(bench.projects.length);
  });

  it("no log has anything of an event, and a request's line names its own project", async () => {
    const logs = await readLogs(bench.stack);
    for (const log of logs) expect(log).not.toContain(PLANTED);
    const lines = logs.flatMap((log) => log.split("\n").filter((line) => line.startsWith("{")));
    const named = new Set<string>();
    for (const line of lines) {
      const { request_id, project } = JSON.parse(line);
      const id = projectOfRequest(request_id);
      if (id === undefined || project === undefined) continue;
      expect(project).toBe(id);
      named.add(id);
    }
    expect(named).toEqual(new Set(PROJECTS));
  });
}
