import type { Server } from "node:net";

/** Listens on 127.0.0.1 and returns the port; port 0 takes a free one. */
export async function listenOnLoopback(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen: no port");
  return address.port;
}
