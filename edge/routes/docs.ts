import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { pageHeaders } from "../http/security-headers.ts";
import { renderDocsPage } from "../openapi/docs-page.ts";
import { DOCS_STYLE } from "../openapi/docs-style.ts";
import { createOpenApiDocument } from "../openapi/document.ts";

const CACHE = { "cache-control": "public, max-age=300" };
/** The page needs nothing but its own style sheet, so that is all that it may load. */
const PAGE_HEADERS = { ...CACHE, ...pageHeaders("default-src 'none'; style-src 'self'") };

/** `GET /docs`: the OpenAPI document as a page to read, without scripts. */
export function docsRoutes() {
  let page: string | undefined;
  return new Hono<AppEnv>()
    .get("/docs", async (c) => {
      page ??= String(await renderDocsPage(createOpenApiDocument(), "/docs/style.css"));
      return c.html(page, 200, PAGE_HEADERS);
    })
    .get("/docs/style.css", (c) =>
      c.body(DOCS_STYLE, 200, { ...CACHE, "content-type": "text/css; charset=utf-8" }),
    );
}
