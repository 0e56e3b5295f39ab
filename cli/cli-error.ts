/** Ends the command with a message for its user and nothing else: a stack tells them nothing. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The command line asks for something that cannot be begun: nothing was sent. */
export class UsageError extends CliError {
  override readonly name = "UsageError";

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, exitCode: 2 });
  }
}
