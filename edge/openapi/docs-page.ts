import { html } from "hono/html";
import { PROBLEMS } from "../../contract/problem.ts";
import type {
  JsonSchema,
  MediaType,
  OpenApiDocument,
  Operation,
  Parameter,
} from "./document-types.ts";

/** The document as one page: no script, nothing from another host. */
export function renderDocsPage(document: OpenApiDocument, styleUrl: string) {
  const { info, tags, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const [introduction = ""] = info.description.split("\n\n");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<link rel="stylesheet" href="${styleUrl}">
</head>
<body>
<header>
<h1>${info.title} API</h1>
<p>${introduction}</p>
<p class="faint">The same for machines: <a href="/openapi.json">/openapi.json</a></p>
</header>
<nav aria-label="Operations"><ul>${operations.map(
    ({ path, method, operation }) =>
      html`<li><a href="#${operation.operationId}">${methodAndPath(method, path)}</a> <span class="faint">${operation.summary}</span></li>`,
  )}</ul></nav>
<main>
<h2 id="keys">Keys</h2>
${table(
  ["How", ""],
  Object.values(components.securitySchemes).map((scheme) => [
    scheme.type === "http" ? "Header" : code(`?${String(scheme.name)}=`),
    prose(String(scheme.description)),
  ]),
)}
${tags.map(
  (tag) => html`<h2>${tag.name}</h2>
<p>${prose(tag.description)}</p>
${operations
  .filter(({ operation }) => operation.tags.includes(tag.name))
  .map(({ path, method, operation }) => renderOperation(method, path, operation))}`,
)}
<h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<section class="schema" id="schema-${name}"><h3>${name}</h3>
${schema.description === undefined ? "" : html`<p>${prose(String(schema.description))}</p>`}
${renderMembers(schema)}</section>`,
)}
<h2 id="problems">Problems</h2>
<p>Errors are <code>application/problem+json</code> (RFC 9457).</p>
${table(
  ["type", "Status", ""],
  Object.entries(PROBLEMS).map(([slug, { status, title }]) => [
    code(`/problems/${slug}`),
    status,
    title,
  ]),
)}
</main>
</body>
</html>`;
}

type Content = ReturnType<typeof html> | string | number;

function renderOperation(method: string, path: string, operation: Operation): Content {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  return html`<article id="${operationId}">
<h3>${methodAndPath(method, path)}</h3>
<p>${summary}</p>
${description === undefined ? "" : description.split("\n\n").map((part) => html`<p>${prose(part.replaceAll("\n", " "))}</p>`)}
${parameters.length === 0 ? "" : renderParameters(parameters)}
${
  requestBody === undefined
    ? ""
    : html`<h4>Body</h4>${Object.entries(requestBody.content).map(([type, media]) => renderMedia(type, media))}`
}
<h4>Answers</h4>
${table(
  ["Status", "", "Body"],
  Object.entries(responses).map(([status, response]) => [
    code(status),
    prose(response.description),
    Object.values(response.content ?? {}).map(({ schema = {} }) => typeOf(schema)),
  ]),
)}
</article>`;
}

function renderParameters(parameters: readonly Parameter[]): Content {
  return html`<h4>Parameters</h4>${table(
    ["Name", "Type", ""],
    parameters.map(({ name, in: place, required, description, schema }) => [
      html`${code(name)}${place === "header" ? html` <span class="faint">header</span>` : ""}${required ? html` <span class="faint">required</span>` : ""}`,
      typeOf(schema),
      html`${prose(description ?? "")}${defaultOf(schema)}`,
    ]),
  )}`;
}

function renderMedia(type: string, { schema = {}, example }: MediaType): Content {
  const text = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  return html`<p>${code(type)} ${typeOf(schema)} ${prose(String(schema.description ?? ""))}</p>
${example === undefined ? "" : html`<pre><code>${text}</code></pre>`}`;
}

function renderMembers(schema: JsonSchema): Content {
  const required = new Set((schema.required ?? []) as string[]);
  const members = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  return table(
    ["Member", "Type", ""],
    members.map(([name, member]) => [
      html`${code(name)}${required.has(name) ? "" : html` <span class="faint">optional</span>`}`,
      typeOf(member),
      html`${prose(String(member.description ?? ""))}${defaultOf(member)}`,
    ]),
  );
}

/** A schema in a few words; named schemas are links to their own section. */
function typeOf(schema: JsonSchema): Content {
  const { $ref, type, items, enum: values, properties, anyOf, oneOf } = schema;
  if (typeof $ref === "string") {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  const choices = (anyOf ?? oneOf) as JsonSchema[] | undefined;
  if (choices !== undefined) {
    return html`${choices.map((choice, index) => html`${index === 0 ? "" : " or "}${typeOf(choice)}`)}`;
  }
  if (Array.isArray(values)) {
    return html`${values.map((value, index) => html`${index === 0 ? "" : ", "}${code(String(value))}`)}`;
  }
  if (type === "array") return html`list of ${typeOf((items ?? {}) as JsonSchema)}`;
  if (properties !== undefined) {
    const members = Object.entries(properties as Record<string, JsonSchema>);
    return html`{ ${members.map(([name, member], index) => html`${index === 0 ? "" : ", "}${name}: ${typeOf(member)}`)} }`;
  }
  return html`${String(schema.const ?? schema.format ?? nameOf(type))}${boundsOf(schema)}`;
}

function nameOf(type: unknown): string {
  return Array.isArray(type) ? type.join(" or ") : String(type ?? "anything");
}

function boundsOf({ minimum, maximum, minLength, maxLength }: JsonSchema): string {
  if (maximum !== undefined) return `, ${String(minimum)} to ${String(maximum)}`;
  return maxLength === undefined ? "" : `, ${String(minLength)} to ${String(maxLength)} characters`;
}

function defaultOf(schema: JsonSchema): Content {
  if (schema.default === undefined) return "";
  return html` <span class="faint">Default ${code(JSON.stringify(schema.default))}</span>`;
}

function methodAndPath(method: string, path: string): Content {
  return html`<span class="method ${method}">${method.toUpperCase()}</span> ${code(path)}`;
}

/** Text in which backticks set off code. */
function prose(text: string): Content {
  return html`${text.split("`").map((part, index) => (index % 2 === 0 ? part : code(part)))}`;
}

function code(text: string): Content {
  return html`<code>${text}</code>`;
}

function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): Content {
  if (rows.length === 0) return "";
  return html`<div class="table"><table>
<thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}
