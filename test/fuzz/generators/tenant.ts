import fc from "fast-check";
import type { Tenant } from "../edge/edge-plan.ts";

export const tenant: fc.Arbitrary<Tenant> = fc.constantFrom(0, 1);
