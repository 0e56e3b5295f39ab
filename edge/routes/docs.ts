import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { renderDocsPage } from "../openapi/docs-page.ts";
import { DOCS_STYLE } from "../openapi/docs-style.ts";
import { createOpenApiDocument } from "../openapi/document.ts";

/** The page needs nothing but its own style sheet, so that is all that it may load. */
const HEADERS = {
  "cache-control": "public, max-age=300",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** `GET /docs`: the OpenAPI document as a page to read, without scripts. */
export function docsRoutes() {
  let page: string | undefined;
  return new Hono<AppEnv>()
    .get("/docs", async (c) => {
      page ??= String(await renderDocsPage(createOpenApiDocument(), "/docs/style.css"));
      return c.html(page, 200, HEADERS);
    })
    .get("/docs/style.css", (c) =>
      c.body(DOCS_STYLE, 200, { ...HEADERS, "content-type": "text/css; charset=utf-8" }),
    );
}
