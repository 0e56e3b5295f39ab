import { connect } from "node:net";
import postgres from "postgres";

/** How long one question to a part may take; the caller asks again until its own deadline. */
const PROBE_TIMEOUT_MS = 2_000;

/** Whether a GET (or the given request) is answered with a success code. */
export async function answersHttp(
  url: string,
  signal: AbortSignal,
  request: RequestInit = {},
): Promise<boolean> {
  return (await ask(url, signal, request)).isOk;
}

/** Whether a GET is answered with a success code and a JSON object that has this `status`. */
export async function answersStatus(
  url: string,
  signal: AbortSignal,
  status: string,
): Promise<boolean> {
  const { isOk, text } = await ask(url, signal, {});
  return isOk && (JSON.parse(text) as { status?: unknown }).status === status;
}

async function ask(url: string, signal: AbortSignal, request: RequestInit) {
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const response = await fetch(url, { ...request, signal: AbortSignal.any([signal, timeout]) });
  return { isOk: response.ok, text: await response.text() };
}

/** Whether PostgreSQL runs a statement. */
export async function answersSql(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Connects, sends `question` and resolves true when what comes back matches `answer`. */
export function answersTcp(
  port: number,
  signal: AbortSignal,
  question: string | Uint8Array,
  answer: RegExp,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const socket = connect({ host: "127.0.0.1", port });
    const settle = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    let received = "";
    AbortSignal.any([signal, timeout]).addEventListener("abort", () => settle(false));
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(question));
    socket.on("data", (chunk: string) => {
      received += chunk;
      if (answer.test(received)) settle(true);
    });
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
  });
}
