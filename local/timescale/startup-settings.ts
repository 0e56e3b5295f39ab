/** Settings asked for in the startup packet: by name, or as `-c name=value` in `options`. */
export function readStartupSettings(parameters: Map<string, string>): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [, name, value] of (parameters.get("options") ?? "").matchAll(
    /(?:-c\s*|--)([\w.]+)=((?:\\.|\S)*)/g,
  )) {
    if (name && value !== undefined) settings.set(name, value.replace(/\\(.)/g, "$1"));
  }
  for (const [name, value] of parameters) {
    if (!NOT_SETTINGS.has(name) && !name.startsWith("_pq_.")) settings.set(name, value);
  }
  return settings;
}

// UTF-8 is all the backend speaks; the others name the client, not a setting of the backend.
const NOT_SETTINGS = new Set([
  "user",
  "database",
  "replication",
  "options",
  "client_encoding",
  "application_name",
  "fallback_application_name",
]);
