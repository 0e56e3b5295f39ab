/** Where a request entered Cloudflare's network, as `request.cf` tells; elsewhere nothing is known of it. */
export type RequestOrigin = {
  readonly continent?: string | undefined;
  readonly longitude?: string | undefined;
};

export function originOf(request: Request): RequestOrigin {
  try {
    return (request as { readonly cf?: RequestOrigin }).cf ?? {};
  } catch {
    // workerd outside Cloudflare parses it, here, from a header that anyone can send.
    return {};
  }
}

/** A request that comes from each region that publishers are named after. */
const ORIGINS = {
  weur: { continent: "EU" },
  enam: { continent: "NA", longitude: "-75" },
  wnam: { continent: "NA", longitude: "-120" },
  sam: { continent: "SA" },
  apac: { continent: "AS" },
  oc: { continent: "OC" },
  afr: { continent: "AF" },
} as const satisfies Record<string, RequestOrigin>;

export type Region = keyof typeof ORIGINS;
export const REGIONS = Object.keys(ORIGINS) as Region[];

export function originOfRegion(region: Region): RequestOrigin {
  return ORIGINS[region];
}

/** Cloudflare's location hint for a continent; North America is split where its hints are, at about 100° west. */
export function locationHintOf(origin: RequestOrigin): Region {
  switch (origin.continent) {
    case "NA":
      return Number(origin.longitude ?? 0) < -100 ? "wnam" : "enam";
    case "SA":
      return "sam";
    case "AS":
      return "apac";
    case "OC":
      return "oc";
    case "AF":
      return "afr";
    default:
      return "weur";
  }
}
