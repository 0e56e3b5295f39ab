import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy } from "../../chaos/tcp-proxy.ts";
import { poll } from "../../support/poll.ts";

/** What the server behind the proxy has received, from all clients. */
let received: string;
let echo: Server;
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  received = "";
  echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received += bytes;
      socket.write(`<${bytes}>`);
    });
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await startTcpProxy((echo.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const socket of clients.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

type Client = {
  readonly socket: Socket;
  answers: string;
  /** The code of the error that ended the connection. */
  error: string | undefined;
};

function open(port = proxy.port): Client {
  const socket = connect({ port, host: "127.0.0.1" });
  const client: Client = { socket, answers: "", error: undefined };
  socket.on("data", (bytes) => {
    client.answers += bytes;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    client.error = error.code;
  });
  clients.push(socket);
  return client;
}

async function openAndGreet(): Promise<Client> {
  const client = open();
  client.socket.write("hello");
  await poll("the greeting", () => client.answers === "<hello>");
  return client;
}

it("pass carries bytes both ways, and the end of each half", async () => {
  const client = await openAndGreet();
  client.socket.end("bye");
  await once(client.socket, "close");
  expect(client.answers.replaceAll("><", "")).toBe("<hellobye>");
  expect(client.error).toBeUndefined();
});

it("pass carries more than fits into any buffer, in order", async () => {
  const client = open();
  const text = Array.from({ length: 1_000_000 }, (_, index) => index).join(" ");
  client.socket.end(text);
  await once(client.socket, "close");
  expect(received === text).toBe(true);
  expect(client.answers.replaceAll("><", "") === `<${text}>`).toBe(true);
});

it("delay lets bytes arrive later, on connections of before too, and keeps their order", async () => {
  const client = await openAndGreet();
  proxy.setMode({ kind: "delay", delayMs: 400 });
  client.socket.write("late");
  const direct = open((echo.address() as AddressInfo).port);
  direct.socket.write("early");
  await poll("the late bytes", () => received.includes("late"));
  expect(received).toBe("helloearlylate");

  proxy.setMode({ kind: "pass" });
  client.socket.write("next");
  await poll("all answers", () => client.answers.includes("next"));
  expect(client.answers.replaceAll("><", "")).toBe("<hellolatenext>");
});

it("cut resets connections and new ones, until it passes again", async () => {
  const client = await openAndGreet();
  proxy.setMode({ kind: "cut" });
  await poll("the reset", () => client.error === "ECONNRESET");

  const refused = open();
  refused.socket.write("refused");
  await poll("the second reset", () => refused.socket.destroyed);
  expect(refused.answers).toBe("");

  proxy.setMode({ kind: "pass" });
  await openAndGreet();
  expect(received).toBe("hellohello");
});

it("swallow carries what is sent, drops what is answered, and then resets", async () => {
  const client = await openAndGreet();
  const idle = await openAndGreet();
  proxy.setMode({ kind: "swallow" });
  const other = open();
  for (const { socket } of [client, other]) {
    // By the time the second request arrives, the answer to the first one has come as far as the proxy.
    for (const request of ["first", "second"]) {
      received = "";
      socket.write(request);
      await poll("the request", () => received === request);
    }
  }

  proxy.setMode({ kind: "pass" });
  await poll("the resets", () => client.error !== undefined && other.error !== undefined);
  expect([client.answers, other.answers]).toEqual(["<hello>", ""]);
  idle.socket.write("again");
  await poll("an answer", () => idle.answers === "<hello><again>");
});
