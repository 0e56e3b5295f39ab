import type { AllowedAdvisory } from "./judge-audit.ts";

/** High and critical advisories of production dependencies that `npm run check:audit` lets pass, each with its reason and a last day. */
export const ALLOWED_ADVISORIES: readonly AllowedAdvisory[] = [];
