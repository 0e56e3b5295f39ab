/** What answers are counted by. */
export const STATUS_CLASSES = ["2xx", "3xx", "4xx", "5xx"] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

export function statusClassOf(status: number): StatusClass {
  return STATUS_CLASSES[Math.floor(status / 100) - 2] ?? "5xx";
}
