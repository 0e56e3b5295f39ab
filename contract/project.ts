import { z } from "zod";

/** A project names a NATS subject token, a Redis key part and a path part: nothing that any of them reads specially. */
export const PROJECT_ID_PATTERN = /^[a-z0-9-]{1,40}$/;

export const projectIdSchema = z
  .string()
  .regex(PROJECT_ID_PATTERN)
  .meta({ description: "Project, 1 to 40 of a-z, 0-9 and -", example: "demo" });
