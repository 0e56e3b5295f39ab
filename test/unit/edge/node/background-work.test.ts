import { expect, it } from "vitest";
import { BackgroundWork } from "../../../../edge/node/background-work.ts";

it("BackgroundWork waits for what is left, and for what that leaves in turn", async () => {
  const done: string[] = [];
  const background = new BackgroundWork(() => {});
  const pass = () => new Promise((resolve) => setImmediate(resolve));
  const leave = (name: string, then: () => void) =>
    background.waitUntil(
      pass()
        .then(() => done.push(name))
        .then(then),
    );
  leave("first", () => leave("second", () => {}));
  await background.finish();
  expect(done).toEqual(["first", "second"]);
});

it("BackgroundWork tells of work that failed, and does not wait for it for ever", async () => {
  const errors: unknown[] = [];
  const background = new BackgroundWork((error) => errors.push(error));
  background.waitUntil(Promise.reject("broken"));
  await background.finish();
  expect(errors).toEqual(["broken"]);
});

it("BackgroundWork is finished when nothing was left", async () => {
  await new BackgroundWork(() => {}).finish();
});

it("BackgroundWork cuts delays short when it is to finish", async () => {
  const done: string[] = [];
  const background = new BackgroundWork(() => {});
  background.waitUntil(
    background
      .delay(3_600_000)
      .then(() => done.push("first"))
      .then(() => background.delay(3_600_000))
      .then(() => done.push("second")),
  );
  await background.finish();
  expect(done).toEqual(["first", "second"]);
});

it("BackgroundWork lets delays last until then", async () => {
  const background = new BackgroundWork(() => {});
  let isOver = false;
  void background.delay(20).then(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  await background.delay(30);
  expect(isOver).toBe(true);
});
