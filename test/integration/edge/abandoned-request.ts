import { once } from "node:events";
import { connect } from "node:net";

export interface AbandonedRequest {
  /** Cuts the connection so that the server notices at once: an orderly close it may take for the end of a request's body. */
  hangUp(): void;
}

/** Sends a GET request and leaves it to the test when to hang up. Its answer is not read. */
export async function sendGet(url: string, key: string): Promise<AbandonedRequest> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\n\r\n`,
  );
  return { hangUp: () => void socket.resetAndDestroy() };
}
