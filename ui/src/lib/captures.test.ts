import { describe, expect, it } from "vitest";
import type { Capture } from "../generated/Capture";
import { how, what, when, why } from "./captures";

const look: Capture = {
  at_ms: new Date(2026, 2, 4, 9, 5, 7).getTime(),
  target: "active_window",
  region: { x: 0, y: 0, width: 640, height: 480 },
  application: "Files",
  reason: "to answer: what does that error say",
  source: "recognizer",
  pixels_read: 4096,
  masked: 0,
  background: false,
  shown: null,
};

describe("a look in the list", () => {
  it("says what was looked at", () => {
    expect(what(look)).toBe("The active window, of Files");
    expect(what({ ...look, target: "all_monitors", application: null })).toBe("All monitors");
    expect(what({ ...look, target: { region: look.region }, application: null })).toBe(
      "A part of the screen, 640 × 480",
    );
  });

  it("says why", () => {
    expect(why(look)).toBe("To answer: what does that error say");
    expect(why({ ...look, reason: "", background: true })).toBe("To read ahead");
  });

  it("says how, and what was kept from being read", () => {
    expect(how(look)).toBe("recognized in the picture");
    expect(how({ ...look, masked: 1 })).toBe("recognized in the picture · one place blackened first");
    expect(how({ ...look, source: "accessibility", masked: 2 })).toContain("2 places");
  });

  it("says of a picture whether it was sent, and where", () => {
    const shown = { host: "127.0.0.1:11434", sent: false };
    expect(how({ ...look, shown })).toBe(
      "a picture for you to look at, to be sent to 127.0.0.1:11434 only by your click",
    );
    expect(how({ ...look, shown: { ...shown, sent: true }, masked: 1 })).toBe(
      "the picture was sent to 127.0.0.1:11434, when you clicked Send · one place blackened first",
    );
  });

  it("says when, with the day where it was not today", () => {
    expect(when(look, new Date(2026, 2, 4, 23, 0, 0))).toBe("09:05:07");
    expect(when(look, new Date(2026, 2, 5, 0, 1, 0))).toBe("4 Mar, 09:05:07");
  });
});
