export function say(line) {
  process.stderr.write(`bootstrap: ${line}\n`);
}
