import type { Dialect, ValueType } from "./dialect.ts";

export type Parameter = string | number;

/** One statement of one dialect. Values are parameters only; `text` is put together from constants. */
export type Statement = {
  readonly text: string;
  readonly params: readonly Parameter[];
  /** Tables or views that it reads events from. */
  readonly sources: readonly string[];
};

/** Adds a value to the statement's parameters, and returns the text that stands for it. The same value twice is one parameter. */
export type Bind = (value: Parameter, type: ValueType) => string;

export function createBinder(dialect: Pick<Dialect, "parameter">): {
  readonly bind: Bind;
  readonly params: Parameter[];
} {
  const params: Parameter[] = [];
  const places = new Map<string, number>();
  return {
    params,
    bind(value, type) {
      const { place, encoded } = dialect.parameter(value, type);
      const key = `${type} ${encoded}`;
      const index = places.get(key) ?? params.push(encoded);
      places.set(key, index);
      return place(index);
    },
  };
}
