export type Parameter = string | number;

/** One statement of one dialect. Values are parameters only; `text` is put together from constants. */
export type Statement = {
  readonly text: string;
  readonly params: readonly Parameter[];
  /** Tables or views that it reads events from. */
  readonly sources: readonly string[];
};

/** Adds a value to `params`, and returns the text that stands for it. */
export function bindTo(params: Parameter[]): (value: Parameter) => string {
  return (value) => `$${params.push(value)}`;
}
