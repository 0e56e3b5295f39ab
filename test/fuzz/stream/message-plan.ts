/** A message for the stream as data. `@id@` stands for a new event id. */
export type MessagePlan = {
  readonly kind: string;
  /** Behind `events.` in its subject. */
  readonly project: string;
  readonly payload: PayloadPlan;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

export type PayloadPlan =
  /** So much of the text from its start, or so often. */
  | { readonly text: string; readonly keeps?: number; readonly repeats?: number }
  | { readonly base64: string };
