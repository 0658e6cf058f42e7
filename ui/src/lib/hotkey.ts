// Keys as a person presses them, as the settings keep them ("Ctrl+Shift+Space"), and as they are shown.

/** Keys that only count together with another. */
const MODIFIERS = new Set([
  "Control",
  "Shift",
  "Alt",
  "Meta",
  "AltGraph",
  "Super",
  "Hyper",
  "CapsLock",
  "NumLock",
  "Fn",
]);

/** Names of `KeyboardEvent.code` that differ from what the program calls them. */
const RENAMED: Record<string, string> = {
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
  Minus: "-",
  Equal: "=",
  Comma: ",",
  Period: ".",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  Backslash: "\\",
  BracketLeft: "[",
  BracketRight: "]",
  Backquote: "`",
};

const NAMED =
  /^(Space|Enter|Tab|Escape|Backspace|Delete|Insert|Home|End|PageUp|PageDown|Pause|F\d{1,2}|Numpad\w+|Media\w+|Audio\w+)$/;

/** What a press means while keys are being chosen. */
export type Capture =
  | { kind: "partial"; held: string[] }
  | { kind: "chosen"; keys: string }
  | { kind: "cancelled" }
  | { kind: "refused"; why: string };

type Press = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

/** Reads a key press as part of a hotkey. */
export function capture(press: Press): Capture {
  const held = [
    ...(press.ctrlKey ? ["Ctrl"] : []),
    ...(press.altKey ? ["Alt"] : []),
    ...(press.shiftKey ? ["Shift"] : []),
    ...(press.metaKey ? ["Super"] : []),
  ];
  if (MODIFIERS.has(press.key)) return { kind: "partial", held };
  if (press.code === "Escape" && held.length === 0) return { kind: "cancelled" };
  const key = keyName(press.code);
  if (key === null) return { kind: "refused", why: "This key can't be part of a hotkey. Choose another." };
  // A plain letter would be taken from every other application; function keys are made for this.
  const standsAlone = /^(F\d{1,2}|Pause|Media\w+|Audio\w+)$/.test(key);
  if (!standsAlone && !held.some((name) => name !== "Shift")) {
    return { kind: "refused", why: `Hold Ctrl, Alt or Super together with ${key}, so that you can still type it.` };
  }
  return { kind: "chosen", keys: [...held, key].join("+") };
}

function keyName(code: string): string | null {
  const letter = /^Key([A-Z])$/.exec(code) ?? /^Digit(\d)$/.exec(code);
  if (letter?.[1]) return letter[1];
  return RENAMED[code] ?? (NAMED.test(code) ? code : null);
}

/** "Ctrl+Shift+Space" -> ["Ctrl", "Shift", "Space"], one for each key cap; with the signs of a Mac on a Mac. */
export function keyCaps(keys: string, mac = isMac()): string[] {
  const signs: Record<string, string> = mac
    ? { Ctrl: "⌃", Control: "⌃", Alt: "⌥", Shift: "⇧", Super: "⌘", Cmd: "⌘" }
    : { Control: "Ctrl" };
  return keys.split("+").map((name) => signs[name.trim()] ?? name.trim());
}

function isMac(): boolean {
  return navigator.platform.startsWith("Mac");
}
