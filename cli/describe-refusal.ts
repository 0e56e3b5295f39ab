/** What a server says of a request that it does not answer as asked: RFC 9457, or any other JSON, or none. */
export function describeRefusal(status: number, body: Record<string, unknown>): string {
  const { title, detail, errors } = body;
  const faults = Array.isArray(errors) ? errors.map((error) => Object(error).detail) : [];
  const parts = [title, detail, faults.filter(isText).join("; ")].filter(isText);
  return parts.length > 0 ? `it answered ${status}, ${parts.join(": ")}` : `it answered ${status}`;
}

/** An empty object for all that is no JSON object. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
