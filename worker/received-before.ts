import type { ReceivedEvent } from "./engine.ts";

/**
 * The events that were received before their users were erased. Told from the erasures by the events' places, and not in a database's
 * words: a time that no database holds may be just what is wrong with an event.
 */
export function receivedBefore<Event extends ReceivedEvent>(
  events: readonly Event[],
  erasures: readonly { readonly place: number; readonly erased_ms: number }[],
): ReadonlySet<Event> {
  const erasedMs = new Map(erasures.map((erasure) => [erasure.place, erasure.erased_ms]));
  return new Set(
    events.filter(({ receivedAt }, place) => {
      const ms = erasedMs.get(place);
      return ms !== undefined && Date.parse(receivedAt) < ms;
    }),
  );
}
