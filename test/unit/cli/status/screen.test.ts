import { expect, test } from "vitest";
import { enterScreen } from "../../../../cli/status/screen.ts";

function terminal(rows: number) {
  const written: string[] = [];
  return { rows, written, write: (text: string) => written.push(text) > 0 };
}

test("enterScreen() draws in place and leaves the terminal as it was, once", () => {
  const out = terminal(4);
  const screen = enterScreen(out);
  screen.draw(["one", "two"]);
  screen.leave();
  screen.leave();
  screen.draw(["too late"]);
  expect(out.written).toEqual([
    "\u001b[?1049h\u001b[?25l",
    "\u001b[Hone\u001b[K\ntwo\u001b[K\n\u001b[J",
    "\u001b[?25h\u001b[?1049l",
  ]);
});

test("enterScreen() leaves out what is below the terminal's last line", () => {
  const out = terminal(3);
  enterScreen(out).draw(["one", "two", "three", "four"]);
  expect(out.written[1]).toBe("\u001b[Hone\u001b[K\ntwo\u001b[K\n\u001b[J");
});
