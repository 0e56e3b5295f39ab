import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export type ListeningSocket = {
  readonly pid: number;
  readonly address: string;
  readonly port: number;
};

/** Every TCP socket on which one of the processes listens. */
export function findListeningSockets(pids: Iterable<number>): ListeningSocket[] {
  const listening = new Map(["tcp", "tcp6"].flatMap(readListening));
  return [...pids].flatMap((pid) =>
    socketInodesOf(pid).flatMap((inode) => {
      const bound = listening.get(inode);
      return bound === undefined ? [] : [{ pid, ...bound }];
    }),
  );
}

type Bound = Omit<ListeningSocket, "pid">;

/** proc_net_tcp(5): the second field is the local address, the fourth the state, 0A for LISTEN, the tenth the inode. */
function readListening(table: string): (readonly [inode: string, bound: Bound])[] {
  const [, ...lines] = readFileSync(`/proc/net/${table}`, "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    return state === "0A"
      ? [[inode, { address: toAddress(address), port: Number.parseInt(port, 16) }]]
      : [];
  });
}

/** Words of 32 bits, each in the byte order of the machine, which is little-endian. */
function toAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [
    ...Buffer.from(word, "hex").reverse(),
  ]);
  if (bytes.length === 4) return bytes.join(".");
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/.{4}(?!$)/g, "$&:");
}

function socketInodesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
