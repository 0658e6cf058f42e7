import { expect, it } from "vitest";
import type { Overview } from "../generated/Overview";
import { absence } from "./absence";

function overview(status: object | null, ...codes: string[]): Overview {
  const troubles = codes.map((code) => ({ code, message: "It is so.", hint: "Do this." }));
  return { status, troubles } as unknown as Overview;
}

it("says why there is no assistant behind the window", () => {
  expect(absence(overview(null, "control.already_running", "config.bad_value"))).toBe("Another Jarvis is running");
  expect(absence(overview(null, "control.socket", "control.already_running"))).toBe("Jarvis could not start");
  expect(absence(overview(null))).toBe("Jarvis could not start");
});

it("says nothing before that is known, and where the assistant runs", () => {
  expect(absence(null)).toBeNull();
  expect(absence(overview({ ready: false }, "control.already_running"))).toBeNull();
});
