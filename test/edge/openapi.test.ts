import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../contract/problem.ts";
import { type AppDeps, createApp } from "../../edge/app.ts";
import type { OpenApiDocument } from "../../edge/openapi/document-types.ts";
import { createTestApp } from "./test-app.ts";

const { fetch } = createTestApp();

async function readDocument(): Promise<OpenApiDocument> {
  const response = await fetch("/openapi.json");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  return response.json();
}

/** Every object in the document, with where it is. */
function* walk(value: unknown, path = "#"): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Record<string, unknown>];
  for (const [key, member] of Object.entries(value)) yield* walk(member, `${path}/${key}`);
}

describe("GET /openapi.json", () => {
  it("describes every route of the app, and no other", async () => {
    const { paths } = await readDocument();
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    const { routes } = createApp({ keySecrets: [] } as unknown as AppDeps);
    const served = routes
      .filter(({ path, method }) => method !== "ALL" && !path.includes("*"))
      .map(({ path, method }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`)
      .filter((route) => route !== "get /docs/style.css");
    expect(new Set(described)).toEqual(new Set(served));
  });

  it("resolves every reference", async () => {
    const document = await readDocument();
    const names = Object.keys(document.components.schemas);
    for (const [path, { $ref }] of walk(document)) {
      if ($ref === undefined) continue;
      const name = String($ref).replace("#/components/schemas/", "");
      expect(names, `${path} refers to ${$ref}`).toContain(name);
    }
    expect(names).toContain("SubmittedEvent");
  });

  it("gives every operation an id, a summary, known security and described responses", async () => {
    const { paths, components, tags } = await readDocument();
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(
      operations.length,
    );
    const tagNames = tags.map((tag) => tag.name);
    for (const { operationId, summary, security, responses, ...operation } of operations) {
      expect(summary, operationId).toBeTruthy();
      for (const tag of operation.tags) expect(tagNames).toContain(tag);
      for (const scheme of security.flatMap(Object.keys)) {
        expect(Object.keys(components.securitySchemes)).toContain(scheme);
      }
      for (const [status, response] of Object.entries(responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(response.description, `${operationId} ${status}`).toBeTruthy();
      }
      for (const parameter of operation.parameters ?? []) {
        expect(parameter, operationId).toMatchObject({
          name: expect.any(String),
          in: expect.stringMatching(/^(query|header|path)$/),
          schema: expect.any(Object),
        });
      }
    }
  });

  it("tells every problem", async () => {
    const { info } = await readDocument();
    for (const [slug, { status }] of Object.entries(PROBLEMS)) {
      expect(info.description).toContain(`| \`/problems/${slug}\` | ${status} |`);
    }
  });

  it("says what the validation enforces", async () => {
    const { paths, components } = await readDocument();
    expect(components.schemas.SubmittedEvent).toMatchObject({
      required: ["event_type", "user_id"],
      additionalProperties: false,
      properties: { event_type: { minLength: 1, maxLength: 200 } },
    });
    const limit = paths["/v1/stats/top-events"]?.get?.parameters?.find(
      ({ name }) => name === "limit",
    );
    expect(limit).toMatchObject({
      required: false,
      schema: { type: "integer", minimum: 1, maximum: 1000, default: 10 },
    });
  });
});

describe("GET /docs", () => {
  it("is a page that needs no script and no other host", async () => {
    const response = await fetch("/docs");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).not.toMatch(/<script|https?:\/\/|\sstyle=|\son\w+=/);
    const style = await fetch(/href="([^"]+\.css)"/.exec(page)?.[1] ?? "");
    expect(style.headers.get("content-type")).toMatch(/^text\/css/);
  });

  it("names every operation and every schema, and links only to what is there", async () => {
    const { paths, components } = await readDocument();
    const page = await (await fetch("/docs")).text();
    for (const path of Object.keys(paths)) expect(page).toContain(`<code>${path}</code>`);
    for (const name of Object.keys(components.schemas)) {
      expect(page).toContain(`id="schema-${name}"`);
    }
    for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${id}"`);
  });
});
