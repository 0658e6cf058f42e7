import { expect, it } from "vitest";
import { markOf } from "./mark";

it("says what is going on before what surrounds it", () => {
  expect(markOf("listening", true, true, false)).toBe("listening");
  expect(markOf("transcribing", false, false, false)).toBe("thinking");
  expect(markOf("idle", true, true, false)).toBe("error");
  expect(markOf("idle", true, false, false)).toBe("muted");
  expect(markOf("idle", false, false, false)).toBe("idle");
});

it("never hides that the screen is looked at", () => {
  expect(markOf("listening", false, false, true)).toBe("looking");
  expect(markOf("idle", true, true, true)).toBe("looking");
});
