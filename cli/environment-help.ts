/** How the help of a command says where it finds what it talks to. */

export function edgeEnvironment(key: string): string {
  return `
Environment:
  SLUICE_URL      the edge, where --url is not given
  SLUICE_KEY      ${key}, where --key is not given
  DATA_DIR        where neither is given: the local stack's data (default .data), for its own`;
}

export const WORKER_ENVIRONMENT = `
Environment:
  WORKER_URL      the worker, where --worker-url is not given
  WORKER_TOKEN    its token, where --worker-token is not given
  DATA_DIR        where neither is given: the local stack's data (default .data), for its own`;

export const NATS_ENVIRONMENT = `
Environment:
  NATS_URL        the NATS servers, separated by commas, where --nats-url is not given
  NATS_USER, NATS_PASSWORD
                  those of the operator, where the URL has none
  NATS_CREDS      in place of both: the content of a .creds file. It may come from a file,
                  NATS_CREDS_FILE, as NATS_PASSWORD may
  DATA_DIR        where no server is given: the local stack's data (default .data), for its own`;

export const KEYS_ENVIRONMENT = `
Environment, without which the local stack in DATA_DIR (default .data) is meant:
  KEY_SECRET, KEY_SECRET_PREVIOUS   the edge's secrets, or KEY_SECRET_FILE, KEY_SECRET_PREVIOUS_FILE
  UPSTASH_REDIS_REST_URL            the edge's Redis, with UPSTASH_REDIS_REST_TOKEN or …_TOKEN_FILE`;
