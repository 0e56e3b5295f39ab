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
  { weight: 200, arbitrary: postChangedEvent },
  { weight: 100, arbitrary: postShaped },
  { weight: 120, arbitrary: postAnything },
  { weight: 100, arbitrary: postFromCorpus },
  { weight: 120, arbitrary: postHarmed },
  { weight: 60, arbitrary: getQuery },
  { weight: 60, arbitrary: postQuery },
  { weight: 80, arbitrary: anyRoute },
  { weight: 80, arbitrary: postWithHeaders },
  { weight: 60, arbitrary: anyPath },
  { weight: 2, arbitrary: eraseNobody },
  { weight: 15, arbitrary: brokenHttp },
);
