import { readdir } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { gauge, type Metric } from "../../contract/metrics/metric.ts";

export type ProcessMetrics = {
  metrics(): Promise<Metric[]>;
  /** Stops watching the event loop. */
  close(): void;
};

/** How often the event loop is looked at. What Node measures is the time between two looks. */
const RESOLUTION_MS = 10;
const NANOS_PER_SECOND = 1e9;
const MICROS_PER_SECOND = 1e6;

/** The process itself, under the names that every Prometheus client uses: https://prometheus.io/docs/instrumenting/writing_clientlibs/. */
export function createProcessMetrics(): ProcessMetrics {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const startedSeconds = Date.now() / 1_000 - process.uptime();

  return {
    async metrics() {
      const { user, system } = process.cpuUsage();
      const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
      const files = await countOpenFiles();
      const metrics: Metric[] = [
        cpu("process_cpu_user_seconds_total", "User CPU time spent", user),
        cpu("process_cpu_system_seconds_total", "System CPU time spent", system),
        cpu("process_cpu_seconds_total", "User and system CPU time spent", user + system),
        gauge("process_start_time_seconds", "When the process started", startedSeconds),
        gauge("process_resident_memory_bytes", "Memory in use", rss),
        gauge("process_open_fds", "Open file descriptors", files === undefined ? [] : files),
        gauge("nodejs_heap_size_total_bytes", "Size of the JavaScript heap", heapTotal),
        gauge("nodejs_heap_size_used_bytes", "Used size of the JavaScript heap", heapUsed),
        gauge("nodejs_external_memory_bytes", "Memory of objects outside the heap", external),
        gauge(
          "nodejs_eventloop_lag_seconds",
          "Mean delay of the event loop since the last scrape",
          toDelay(delays.mean),
        ),
        gauge(
          "nodejs_eventloop_lag_p99_seconds",
          "99th percentile of the event loop's delay since the last scrape",
          toDelay(delays.percentile(99)),
        ),
        gauge(
          "nodejs_eventloop_lag_max_seconds",
          "Longest delay of the event loop since the last scrape",
          toDelay(delays.max),
        ),
      ];
      delays.reset();
      return metrics;
    },
    close: () => void delays.disable(),
  };
}

function cpu(name: string, help: string, micros: number): Metric {
  return { name, help, type: "counter", samples: [{ value: micros / MICROS_PER_SECOND }] };
}

/** Before the first measurement the histogram's mean is no number, and its bounds mean nothing. */
function toDelay(nanos: number): number {
  return Number.isFinite(nanos) ? Math.max(0, nanos / NANOS_PER_SECOND - RESOLUTION_MS / 1_000) : 0;
}

/** Undefined where the system does not list them. */
async function countOpenFiles(): Promise<number | undefined> {
  try {
    return (await readdir("/proc/self/fd")).length;
  } catch {
    return undefined;
  }
}
