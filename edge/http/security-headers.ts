import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";

/**
 * What browsers are told with every answer, errors included. Must be the first middleware: an error that another one lets pass is an answer
 * only outside of it. hono/secure-headers would set more than is needed on the way of every event, and knows no HTTPS.
 */
export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  addSecurityHeaders(c.res.headers, c.req.url);
});

/** An answer of the API is no page: it loads nothing, and no page may frame it. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

export function addSecurityHeaders(headers: Headers, requestUrl: string): void {
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", API_POLICY);
  // What pages of any origin may read they may also load.
  const isOpen = headers.has("access-control-allow-origin");
  headers.set("cross-origin-resource-policy", isOpen ? "cross-origin" : "same-origin");
  // Nobody keeps what no route has said to be kept: errors, and a project's events.
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  // A year. Not for subdomains, which may be somebody else's. Means nothing over plain HTTP (RFC 6797 §7.2).
  if (requestUrl.startsWith("https:")) {
    headers.set("strict-transport-security", "max-age=31536000");
  }
}

/** Of a page that loads only what `contentSecurityPolicy` names. */
export function pageHeaders(contentSecurityPolicy: string): Record<string, string> {
  return {
    "content-security-policy": `${contentSecurityPolicy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy":
      "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
  };
}
