/** `npm run test:thorough`: what is random is tried often, and what the end-to-end tests see anyway is tried here too. */
export const isThorough = process.env.SLUICE_THOROUGH === "true";

/**
 * How often something random is tried: a few times in `npm test`, which has minutes, and often in `npm run test:thorough`.
 * The short form of all suites together still asks engines about 1,000 random questions.
 */
export function runs(few: number, many: number): number {
  return isThorough ? many : few;
}
