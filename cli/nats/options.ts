import { InvalidArgumentError } from "commander";
import { PROJECT_ID_PATTERN } from "../../contract/project.ts";

export function parseProject(text: string): string {
  if (PROJECT_ID_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(
    `"${text}" is not a project: 1 to 40 of lower-case letters, digits and "-".`,
  );
}

export function parseWhole(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new InvalidArgumentError(`It must be a whole number ${range}.`);
}
