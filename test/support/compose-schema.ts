/**
 * The parts of the compose specification that docker-compose.yml uses (https://github.com/compose-spec/compose-spec, 05-services.md): what
 * stands elsewhere or is misspelt is refused, as docker compose does. For the file after YAML's merges, filled in.
 */
import { z } from "zod";

const duration = z.string().regex(/^\d+(ms|s|m|h)$/);
const texts = z.array(z.string());
const environment = z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string());
const wholeNumber = z.union([z.int(), z.string().regex(/^\d+$/)]);

const healthcheck = z.strictObject({
  test: z.tuple([z.enum(["CMD", "CMD-SHELL"])], z.string()),
  interval: duration,
  timeout: duration,
  retries: z.int().min(1),
  start_period: duration.optional(),
});

const service = z
  .strictObject({
    image: z.string().optional(),
    build: z
      .strictObject({ context: z.string(), dockerfile: z.string(), target: z.string() })
      .optional(),
    profiles: texts.optional(),
    scale: wholeNumber.optional(),
    user: z.string().optional(),
    init: z.boolean().optional(),
    entrypoint: texts.optional(),
    command: texts.optional(),
    environment: environment.optional(),
    network_mode: z.string().optional(),
    networks: z.strictObject({ default: z.strictObject({ aliases: texts }) }).optional(),
    ports: z.array(z.string().regex(/^(127\.0\.0\.1:)?\d+:\d+(\/udp)?$/)).optional(),
    volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)).optional(),
    tmpfs: z.array(z.string().startsWith("/")).optional(),
    ulimits: z.strictObject({ nofile: z.int() }).optional(),
    read_only: z.boolean(),
    cap_drop: texts,
    cap_add: texts.optional(),
    security_opt: texts,
    depends_on: z
      .record(
        z.string(),
        z.strictObject({
          condition: z.enum([
            "service_started",
            "service_healthy",
            "service_completed_successfully",
          ]),
        }),
      )
      .optional(),
    healthcheck: healthcheck.optional(),
    stop_grace_period: duration.optional(),
    restart: z.enum(["no", "always", "on-failure", "unless-stopped"]),
  })
  .refine((part) => (part.image === undefined) !== (part.build === undefined), {
    message: "has either an image or a build",
  })
  // The ports of a network that is another service's are that one's to publish.
  .refine((part) => part.network_mode === undefined || part.ports === undefined, {
    message: "has ports of its own or another's network",
  });

export const COMPOSE_SCHEMA = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});
