/** All that is thrown at the edge, in the shares that make a run of many requests find most. For fast-check. */
import fc from "fast-check";
import type { EdgePlan } from "../edge/edge-plan.ts";
import {
  postAnything,
  postChangedEvent,
  postFromCorpus,
  postHarmed,
  postShaped,
} from "./bodies.ts";
import { getQuery, postQuery } from "./queries.ts";
import { anyPath, anyRoute, brokenHttp, eraseNobody, postWithHeaders } from "./routes.ts";

export const edgePlan: fc.Arbitrary<EdgePlan> = fc.oneof(
  { weight: 1_000, arbitrary: postChangedEvent },
  { weight: 500, arbitrary: postShaped },
  { weight: 600, arbitrary: postAnything },
  { weight: 500, arbitrary: postFromCorpus },
  { weight: 600, arbitrary: postHarmed },
  { weight: 300, arbitrary: getQuery },
  { weight: 300, arbitrary: postQuery },
  { weight: 400, arbitrary: anyRoute },
  { weight: 400, arbitrary: postWithHeaders },
  { weight: 300, arbitrary: anyPath },
  { weight: 75, arbitrary: brokenHttp },
  // A thousand times as much work as any other.
  { weight: 1, arbitrary: eraseNobody },
);
