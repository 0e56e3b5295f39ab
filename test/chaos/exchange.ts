export type Exchange = {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
};

/**
 * One request with its whole answer; undefined when there is none in time. Its timer holds on to the controller: a signal that nothing
 * but the request refers to, as `AbortSignal.timeout` makes it, may be collected before it fires, and the request then waits for ever.
 */
export async function exchange(
  url: string,
  request: RequestInit,
  timeoutMs: number,
): Promise<Exchange | undefined> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await fetch(url, { ...request, signal: controller.signal });
    const text = await response.text();
    return { status: response.status, retryAfter: response.headers.get("retry-after"), text };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
