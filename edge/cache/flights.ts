/** Lets work go on after the answer, and after a client that hung up. */
export type WaitUntil = (work: Promise<unknown>) => void;

/**
 * One query of the store for everybody who asks the same at the same time.
 *
 * A Worker's promise belongs to the request that made it, and may never settle once that is cut off. So nobody awaits another request's
 * promise: a follower waits for one of its own, which the leader resolves (workerd runs what comes after it in the follower's request),
 * and its own timer keeps the request alive meanwhile. The leader's work is given to `waitUntil`, since its client may hang up. Should
 * it be lost all the same, one follower asks too, every `patienceMs`; all still take whichever outcome comes first.
 */
export type Flights<Value> = {
  /** What `work` gives, or what the same work that is under way gives. Rejects as that does. */
  join(key: string, work: () => Promise<Value>, waitUntil: WaitUntil): Promise<Value>;
  /** Begins the work unless it is under way. Nobody learns how it ends. */
  ensure(key: string, work: () => Promise<Value>, waitUntil: WaitUntil): void;
  /** Nobody joins what is under way any more. */
  abandonWhere(isAbandoned: (key: string) => boolean): void;
};

export type FlightOptions = {
  /** Of a follower, until it asks by itself. */
  readonly patienceMs: number;
  readonly now: () => number;
};

type Follower<Value> = Pick<PromiseWithResolvers<Value>, "resolve" | "reject">;
type Flight<Value> = { readonly beganMs: number; readonly followers: Follower<Value>[] };

export function createFlights<Value>({ patienceMs, now }: FlightOptions): Flights<Value> {
  const flights = new Map<string, Flight<Value>>();
  return {
    async join(key, work, waitUntil) {
      const flight = flights.get(key);
      return flight === undefined
        ? lead(key, work, waitUntil)
        : follow(key, flight, work, waitUntil);
    },

    ensure(key, work, waitUntil) {
      const flight = flights.get(key);
      if (flight !== undefined && now() - flight.beganMs < patienceMs) return;
      lead(key, work, waitUntil).catch(() => {});
    },

    abandonWhere(isAbandoned) {
      for (const key of flights.keys()) if (isAbandoned(key)) flights.delete(key);
    },
  };

  function lead(key: string, work: () => Promise<Value>, waitUntil: WaitUntil): Promise<Value> {
    const flight: Flight<Value> = { beganMs: now(), followers: [] };
    flights.set(key, flight);
    const landing = land(key, flight, work);
    waitUntil(landing.catch(() => {}));
    return landing;
  }

  async function land(
    key: string,
    flight: Flight<Value>,
    work: () => Promise<Value>,
  ): Promise<Value> {
    const leave = () => {
      if (flights.get(key) === flight) flights.delete(key);
      return flight.followers;
    };
    try {
      const value = await work();
      for (const { resolve } of leave()) resolve(value);
      return value;
    } catch (error) {
      for (const { reject } of leave()) reject(error);
      throw error;
    }
  }

  async function follow(
    key: string,
    first: Flight<Value>,
    work: () => Promise<Value>,
    waitUntil: WaitUntil,
  ): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    let flight = first;
    flight.followers.push({ resolve, reject });
    const timer = setInterval(() => {
      const newer = flights.get(key);
      if (newer === undefined || newer === flight) {
        lead(key, work, waitUntil).then(resolve, reject);
        clearInterval(timer);
      } else {
        flight = newer;
        flight.followers.push({ resolve, reject });
      }
    }, patienceMs);
    try {
      return await promise;
    } finally {
      clearInterval(timer);
    }
  }
}
