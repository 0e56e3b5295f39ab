import { randomInt } from "node:crypto";
import { revocationField } from "../../contract/revocation.ts";
import { CliError } from "../cli-error.ts";
import type { KeyRegister } from "./register.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const CHARACTERS = 10;
/** Two kids are the same once in 10^15 times: a Redis that says so again and again does not mean it. */
const MAX_ATTEMPTS = 3;

export function createKid(): string {
  return Array.from({ length: CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/** A kid that the project never had: one that was revoked stays so for ever. @throws {CliError} */
export async function findFreeKid(projectId: string, register: KeyRegister): Promise<string> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const kid = createKid();
    if (!(await register.isTaken(revocationField({ projectId, kid })))) return kid;
  }
  throw new CliError(`Cannot find a free kid: Redis at ${register.origin} says that all are taken`);
}
