import { expect, test } from "vitest";
import { startServer, TOKEN } from "./http-server.ts";

const headers = { authorization: `Bearer ${TOKEN}` };

test("answerDeadLetterPage() hands over what is asked for", async () => {
  const asked: unknown[] = [];
  const page = { letters: [], before: 7 };
  const url = await startServer({
    listDeadLetters: async (...question) => {
      asked.push(question);
      return page;
    },
  });
  const read = (path: string) => fetch(`${url}/dead-letters/${path}`, { headers });
  expect(await (await read("shop?limit=100")).json()).toEqual(page);
  expect(await (await read("shop-2?limit=1&before=12")).json()).toEqual(page);
  expect(asked).toEqual([
    ["shop", { limit: 100, before: undefined }],
    ["shop-2", { limit: 1, before: 12 }],
  ]);
});

test.each(["", "?limit=0", "?limit=101", "?limit=1.5", "?limit=1&before=0", "?limit=1&before=x"])(
  "answerDeadLetterPage() refuses %s",
  async (search) => {
    const url = await startServer();
    const response = await fetch(`${url}/dead-letters/shop${search}`, { headers });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      detail: "limit must be a whole number from 1 to 100, before a position",
    });
  },
);

test.each(["Shop", "%3E", "*", "shop.a", "_"])("answers 404 for project %s", async (project) => {
  const url = await startServer();
  const response = await fetch(`${url}/dead-letters/${project}?limit=1`, { headers });
  expect(response.status).toBe(404);
});

test("answerDeadLetterPage() asks to come again while the stream does not answer", async () => {
  const url = await startServer({ listDeadLetters: () => Promise.reject(new Error("secret")) });
  const response = await fetch(`${url}/dead-letters/shop?limit=1`, { headers });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
  expect(await response.text()).not.toContain("secret");
});
