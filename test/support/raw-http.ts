import { connect, type Socket } from "node:net";

/** Sends bytes as they are, and gives all that comes back until the server closes the connection. */
export async function exchangeRaw(url: string, ...parts: readonly string[]): Promise<string> {
  const socket = await openRaw(url);
  const answer = untilClosed(socket);
  for (const part of parts) socket.write(part, "latin1");
  return answer;
}

/** A connection that has said nothing yet. */
export function openRaw(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function untilClosed(socket: Socket): Promise<string> {
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    received += text;
  });
  return new Promise((resolve) => socket.once("close", () => resolve(received)));
}
