import { findProgram } from "./find-program.mjs";

/** @throws when the program is not on this machine */
export function findServer(name: string): string {
  const path = findProgram(name);
  if (path) return path;
  throw new Error(`Cannot start: ${name} not found: npm start gets it, or names the way to`);
}
