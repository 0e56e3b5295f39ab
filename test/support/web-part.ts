/** A part for the tests of the supervisor: answers HTTP with the pid of a child that outlives it. */
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const child = spawn("sleep", ["600"], { stdio: "ignore" });

createServer((_request, response) => {
  response.end(String(child.pid));
}).listen(Number(process.argv[2]), "127.0.0.1");
