/** A project names a NATS subject token, a Redis key part and a path part: nothing that any of them reads specially. */
export const PROJECT_ID_PATTERN = /^[a-z0-9-]{1,40}$/;
