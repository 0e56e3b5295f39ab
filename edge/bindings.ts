import type { Vars } from "./env.ts";
import type { Publisher } from "./publisher.ts";

/** All that wrangler.toml and its secrets bind. */
export type Bindings = Vars & { readonly PUBLISHER: DurableObjectNamespace<Publisher> };
