export type Parameter = string | number;

/** `instant` is RFC 3339 in UTC, `ms` a length of time, `key` a key at the top of `properties`. */
export type ValueType = "text" | "instant" | "ms" | "int" | "number" | "key" | "uuid";

/** Adds a value to the statement's parameters, and returns the text that stands for it. The same value twice is one parameter. */
export type Bind = (value: Parameter, type: ValueType) => string;
