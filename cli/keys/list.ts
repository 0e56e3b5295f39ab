import { count } from "../table.ts";
import { findDeployment, needRedis } from "./deployment.ts";
import { formatKeys, listKeys, toJson } from "./listed-key.ts";
import { openRegister } from "./register.ts";

export type ListOptions = { readonly project?: string; readonly json?: boolean };

/** `sluice keys list` */
export async function list({ project, json }: ListOptions): Promise<void> {
  const deployment = findDeployment(process.env);
  const register = openRegister(needRedis(deployment));
  const all = listKeys(await register.read(), deployment.secrets, Date.now());
  const keys = project === undefined ? all : all.filter(({ projectId }) => projectId === project);
  if (json) {
    for (const key of keys) process.stdout.write(`${JSON.stringify(toJson(key))}\n`);
    return;
  }
  if (keys.length > 0) process.stdout.write(formatKeys(keys, process.stdout.columns));
  process.stderr.write(`${keys.length === 0 ? "No keys" : count(keys.length, "key")}\n`);
}
