import type { GateBinding } from "./coarse-gate.ts";
import type { Vars } from "./env.ts";
import type { Publisher } from "./publisher.ts";
import type { RevocationKeeper } from "./revocation-keeper.ts";

/** All that wrangler.toml and its secrets bind. */
export type Bindings = Vars & {
  readonly PUBLISHER: DurableObjectNamespace<Publisher>;
  readonly REVOCATION_KEEPER: DurableObjectNamespace<RevocationKeeper>;
  /** The coarse gate: without them there is none. */
  readonly PROJECT_GATE?: GateBinding;
  readonly REFUSED_KEYS_GATE?: GateBinding;
};
