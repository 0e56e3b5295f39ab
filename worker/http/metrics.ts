import { EXPOSITION_CONTENT_TYPE, formatExposition } from "../../contract/metrics/exposition.ts";
import type { Metric } from "../../contract/metrics/metric.ts";
import { authorize, isAuthorized } from "./authorize.ts";
import type { Call } from "./call.ts";
import { HttpProblem } from "./problem.ts";
import { send } from "./send.ts";

export type MetricsDeps = {
  readonly collectMetrics: () => Promise<readonly Metric[]>;
  /** Reads metrics and nothing else. */
  readonly metricsToken: string | undefined;
  /** Of the worker: it will do as well. */
  readonly token: string | undefined;
};

/** `GET /metrics`, for whoever has one of the tokens. */
export async function answerMetrics(
  { request, response }: Call,
  { collectMetrics, metricsToken, token }: MetricsDeps,
): Promise<void> {
  if (metricsToken === undefined && token === undefined) {
    throw new HttpProblem("not-found", { detail: "Neither METRICS_TOKEN nor WORKER_TOKEN is set" });
  }
  if (!isAuthorized(request, metricsToken)) authorize(request, response, token);
  send(response, 200, EXPOSITION_CONTENT_TYPE, formatExposition(await collectMetrics()));
}
