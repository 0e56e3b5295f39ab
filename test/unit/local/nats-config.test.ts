import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { EDGE_INBOX, EVENTS_SUBJECTS } from "../../../contract/stream.ts";
import { natsConfig } from "../../../local/nats-server.ts";

const config = {
  npm: natsConfig("/data", {
    dataDir: "/data",
    port: 1,
    websocketPort: 2,
    edgePassword: "e",
    workerPassword: "w",
  }),
  compose: readFileSync(new URL("../../../deploy/nats.conf", import.meta.url), "utf8"),
};

it.each(Object.entries(config))(
  "the edge may publish events and read its inbox under %s",
  (_, text) => {
    const [, permissions] = /user: edge\n.*\n\s*permissions: (.*)/.exec(text) ?? [];
    expect(permissions).toBe(`{ publish: ["${EVENTS_SUBJECTS}"], subscribe: ["${EDGE_INBOX}.>"] }`);
  },
);
