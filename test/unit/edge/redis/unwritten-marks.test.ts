import { describe, expect, it } from "vitest";
import { createUnwrittenMarks } from "../../../../edge/redis/unwritten-marks.ts";

describe("createUnwrittenMarks()", () => {
  it("gives the oldest first, at most as many as are wanted", () => {
    const marks = createUnwrittenMarks(10);
    marks.add(["a", "b"]);
    marks.add(["c"]);
    expect(marks.take(2)).toEqual(["a", "b"]);
    expect(marks.take(2)).toEqual(["c"]);
    expect(marks.take(2)).toEqual([]);
    expect(marks.count).toBe(0);
  });

  it("takes back what could not be written, as the oldest", () => {
    const marks = createUnwrittenMarks(10);
    marks.add(["a", "b"]);
    const taken = marks.take(2);
    marks.add(["c"]);
    marks.putBack(taken);
    expect(marks.take(10)).toEqual(["a", "b", "c"]);
  });

  it("forgets the oldest tenth when there are too many", () => {
    const marks = createUnwrittenMarks(10);
    marks.add(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
    expect(marks.count).toBe(10);
    marks.add(["k"]);
    expect(marks.take(10)).toEqual(["c", "d", "e", "f", "g", "h", "i", "j", "k"]);
  });

  it("forgets also what is put back when newer ones fill it", () => {
    const marks = createUnwrittenMarks(10);
    marks.add(["a", "b"]);
    const taken = marks.take(2);
    marks.add(["c", "d", "e", "f", "g", "h", "i", "j", "k"]);
    marks.putBack(taken);
    expect(marks.take(10)).toEqual(["c", "d", "e", "f", "g", "h", "i", "j", "k"]);
  });
});
