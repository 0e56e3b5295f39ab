import type { KeyClaims } from "../contract/key.ts";

/** What the app's middleware leaves for routes in `c.var`. */
export type AppEnv = {
  Variables: {
    requestId: string;
    /** Set by `authenticate`. */
    key: KeyClaims;
  };
};
