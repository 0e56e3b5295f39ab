import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findServer } from "../../local/find-server.ts";

const SCRIPT = fileURLToPath(new URL("../../deploy/database-roles.sql", import.meta.url));

export const ROLE_PASSWORDS = {
  DATABASE_WORKER_PASSWORD: "worker'password",
  DATABASE_EDGE_PASSWORD: "edge\\password",
  DATABASE_MAINTENANCE_PASSWORD: "maintenance:password",
};

/** Logins of deploy/database-roles.sql. */
export type RoleUrls = {
  readonly worker: string;
  readonly edge: string;
  /** Its sessions begin as the owner. */
  readonly owner: string;
};

/** Runs deploy/database-roles.sql as docker compose does. @throws what psql says */
export async function applyDatabaseRoles(
  adminUrl: string,
  passwords: Readonly<Record<string, string>> = ROLE_PASSWORDS,
): Promise<void> {
  const { PATH = "" } = process.env;
  const args = ["--no-psqlrc", "--dbname", adminUrl, "--file", SCRIPT];
  await promisify(execFile)(findServer("psql"), args, { env: { PATH, ...passwords } });
}

/** For a server where each role logs in. */
export function loginsOf(adminUrl: string): RoleUrls {
  const as = (user: string, password: string) => {
    const url = new URL(adminUrl);
    url.username = user;
    url.password = encodeURIComponent(password);
    return url.href;
  };
  return {
    worker: as("sluice_worker", ROLE_PASSWORDS.DATABASE_WORKER_PASSWORD),
    edge: as("sluice_edge", ROLE_PASSWORDS.DATABASE_EDGE_PASSWORD),
    owner: as("sluice_maintenance", ROLE_PASSWORDS.DATABASE_MAINTENANCE_PASSWORD),
  };
}

/** For the embedded TimescaleDB, which knows one login only: its sessions become the role. */
export function sessionsOf(adminUrl: string): RoleUrls {
  const as = (role: string) => `${adminUrl}?role=${role}`;
  return { worker: as("sluice_worker"), edge: as("sluice_edge"), owner: as("sluice_owner") };
}
