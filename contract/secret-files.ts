import type { SettingFault } from "./production-faults.ts";

/**
 * The settings, with what the file of each `NAME_FILE` holds as `NAME`, for the given names: so Docker, Kubernetes and systemd hand over
 * secrets, which then stand in no environment. A file's last line feed is none of the secret.
 * `readFile` may throw.
 */
export function readSecretFiles(
  settings: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
  readFile: (path: string) => string,
): { readonly settings: Record<string, string | undefined>; readonly faults: SettingFault[] } {
  const read: Record<string, string> = {};
  const faults: SettingFault[] = [];
  for (const name of names) {
    const path = settings[`${name}_FILE`];
    if (!path) continue;
    if (settings[name]) {
      faults.push({ name, message: `and ${name}_FILE are both set` });
      continue;
    }
    try {
      read[name] = readFile(path).replace(/\r?\n$/, "");
      if (read[name] === "") faults.push({ name: `${name}_FILE`, message: `"${path}" is empty` });
    } catch (error) {
      const code = (error as { code?: unknown }).code ?? String(error);
      faults.push({ name: `${name}_FILE`, message: `"${path}" cannot be read: ${code}` });
    }
  }
  return { settings: { ...settings, ...read }, faults };
}
