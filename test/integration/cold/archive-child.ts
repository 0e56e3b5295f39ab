/** Archives like a worker, and ends itself with SIGKILL at the n-th time it comes to a step. Arguments: url, folder, floor, step, n. */
import type { ArchiveStep } from "../../../worker/cold/archiver.ts";
import { openColdStack } from "./cold-stack.ts";

const [url = "", folder = "", floor = "", step, times] = process.argv.slice(2);
let left = Number(times);

const stack = await openColdStack(url, folder, {
  limits: { maxFileRows: 120, groupRows: 100 },
  onStep(reached: ArchiveStep) {
    if (reached !== step) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  },
});
await stack.archiveUpTo(Date.parse(floor));
await stack.close();
