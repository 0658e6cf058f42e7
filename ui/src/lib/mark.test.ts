import { expect, it } from "vitest";
import { markOf } from "./mark";

it("says what is going on before what surrounds it", () => {
  expect(markOf("listening", true, true)).toBe("listening");
  expect(markOf("transcribing", false, false)).toBe("thinking");
  expect(markOf("idle", true, true)).toBe("error");
  expect(markOf("idle", true, false)).toBe("muted");
  expect(markOf("idle", false, false)).toBe("idle");
});
