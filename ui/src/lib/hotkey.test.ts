import { describe, expect, it } from "vitest";
import { capture, keyCaps } from "./hotkey";

const none = { ctrlKey: false, shiftKey: false, altKey: false, metaKey: false };

describe("capture", () => {
  it("names modifiers first, in one order", () => {
    expect(capture({ ...none, key: " ", code: "Space", shiftKey: true, ctrlKey: true })).toEqual({
      kind: "chosen",
      keys: "Ctrl+Shift+Space",
    });
    expect(capture({ key: "Å", code: "KeyJ", ctrlKey: true, shiftKey: true, altKey: true, metaKey: true })).toEqual({
      kind: "chosen",
      keys: "Ctrl+Alt+Shift+Super+J",
    });
  });

  it("goes by the place of a key, not by what a layout makes of it", () => {
    expect(capture({ ...none, key: "&", code: "Digit1", altKey: true })).toEqual({ kind: "chosen", keys: "Alt+1" });
    expect(capture({ ...none, key: "ö", code: "Semicolon", ctrlKey: true })).toEqual({
      kind: "chosen",
      keys: "Ctrl+;",
    });
  });

  it("waits while only modifiers are held, and gives up on Esc", () => {
    expect(capture({ ...none, key: "Control", code: "ControlLeft", ctrlKey: true })).toEqual({
      kind: "partial",
      held: ["Ctrl"],
    });
    expect(capture({ ...none, key: "Escape", code: "Escape" })).toEqual({ kind: "cancelled" });
  });

  it("refuses keys that people type with, but not function keys", () => {
    expect(capture({ ...none, key: "a", code: "KeyA" }).kind).toBe("refused");
    expect(capture({ ...none, key: "A", code: "KeyA", shiftKey: true }).kind).toBe("refused");
    expect(capture({ ...none, key: "F9", code: "F9" })).toEqual({ kind: "chosen", keys: "F9" });
    expect(capture({ ...none, key: "?", code: "IntlRo", ctrlKey: true }).kind).toBe("refused");
  });
});

it("shows the signs of a Mac on a Mac", () => {
  expect(keyCaps("Ctrl+Shift+Space", false)).toEqual(["Ctrl", "Shift", "Space"]);
  expect(keyCaps("Ctrl+Alt+Super+J", true)).toEqual(["⌃", "⌥", "⌘", "J"]);
});
