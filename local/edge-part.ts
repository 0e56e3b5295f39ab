import { join } from "node:path";
import { nodeScript } from "./node-script.ts";
import type { Part } from "./part.ts";
import { answersStatus } from "./probes.ts";

/** What the edge runs on: workerd, as on Cloudflare, or Node, as where there is no Cloudflare. */
export const EDGE_RUNTIMES = ["workerd", "node"] as const;
export type EdgeRuntime = (typeof EDGE_RUNTIMES)[number];

export type EdgePartOptions = {
  readonly runtime: EdgeRuntime;
  readonly port: number;
  readonly dataDir: string;
  /** The parts that it reaches. */
  readonly behind: readonly Part[];
  /** Its settings, but for those of the runtime. */
  readonly env: Readonly<Record<string, string>>;
};

export function edgePart(options: EdgePartOptions): Part {
  const { runtime, port } = options;
  return {
    name: "edge",
    ...(runtime === "node" ? onNode(options) : onWorkerd(options)),
    isReady: (signal) => answersStatus(`http://127.0.0.1:${port}/readyz`, signal, "ready"),
    readyTimeoutMs: 180_000,
  };
}

type Runtime = Pick<Part, "command" | "args" | "env" | "needs" | "stopTimeoutMs">;

function onWorkerd({ port, dataDir, env }: EdgePartOptions): Runtime {
  return {
    ...nodeScript("edge-runtime.ts", "--port", port, "--data-dir", dataDir),
    env,
    // It bundles while the others start, and is ready only once it reaches them.
    needs: [],
    stopTimeoutMs: 5_000,
  };
}

function onNode({ port, dataDir, behind, env }: EdgePartOptions): Runtime {
  return {
    ...nodeScript("../edge/node/main.ts"),
    env: {
      ...env,
      HOST: "127.0.0.1",
      PORT: String(port),
      REGION: "local",
      OUTBOX_DIR: join(dataDir, "edge-node"),
    },
    needs: behind.map(({ name }) => name),
    // It drains its outbox for up to ten seconds.
    stopTimeoutMs: 12_000,
  };
}
