import type { Vars } from "./env.ts";
import type { RevocationKeeper } from "./keys/revocation-keeper.ts";
import type { GateBinding } from "./limits/coarse-gate.ts";
import type { Publisher } from "./publish/publisher.ts";

/** All that wrangler.toml and its secrets bind. */
export type Bindings = Vars & {
  readonly PUBLISHER: DurableObjectNamespace<Publisher>;
  readonly REVOCATION_KEEPER: DurableObjectNamespace<RevocationKeeper>;
  /** The coarse gate: without them there is none. */
  readonly PROJECT_GATE?: GateBinding;
  readonly REFUSED_KEYS_GATE?: GateBinding;
};
