/** Why a request got no answer, in words that say what to look at. */
export function describeFailure(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens there (ECONNREFUSED)";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `its name cannot be resolved (${code})`;
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
    case "EPIPE":
      return `the connection was cut (${code})`;
  }
  const message = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
  return code === undefined ? message : `${message} (${code})`;
}
