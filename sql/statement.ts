import type { Dialect } from "./dialect.ts";
import type { Bind, Parameter } from "./parameter.ts";

/** One statement of one dialect. Values are parameters only; `text` is put together from constants. */
export type Statement = {
  readonly text: string;
  readonly params: readonly Parameter[];
  /** Tables or views that it reads events from. */
  readonly sources: readonly string[];
};

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
