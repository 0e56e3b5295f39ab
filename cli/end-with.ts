/** Ends the process once all is written: a part that hangs may have left a connection open, which would keep it. */
export async function endWith(exitCode: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit(exitCode);
}
