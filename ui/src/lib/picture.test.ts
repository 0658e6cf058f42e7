import { expect, test } from "vitest";
import { sizeOf, subjectOf } from "./picture";

test("a picture is told by its window, or as the screen", () => {
  expect(subjectOf({ window: "Report", application: "Editor" })).toBe("The window “Report” of Editor");
  expect(subjectOf({ window: "Report", application: null })).toBe("The window “Report”");
  expect(subjectOf({ window: null, application: null })).toBe("The screen");
});

test("its size is told in pixels and as a file", () => {
  expect(sizeOf({ width: 1568, height: 882, bytes: 239_001 })).toBe("1568 × 882, 240 kB");
});
