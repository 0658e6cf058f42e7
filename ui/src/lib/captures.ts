// What the list of looks says of each. Never knows what was read: the list doesn't hold it.
import type { Capture } from "../generated/Capture";

/** What was looked at: "The active window, of Firefox". */
export function what({ target, application, region }: Capture): string {
  const of = application === null ? "" : `, of ${application}`;
  if (typeof target === "object") return `A part of the screen, ${region.width} × ${region.height}${of}`;
  switch (target) {
    case "active_window":
      return `The active window${of}`;
    case "pointer_window":
      return `The window under the pointer${of}`;
    case "pointer_monitor":
      return `The monitor under the pointer${of}`;
    case "all_monitors":
      return `All monitors${of}`;
  }
}

/** Why: "To answer: what does that error say". */
export function why({ reason, background }: Capture): string {
  const text = reason === "" && background ? "to read ahead" : reason;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How: "recognized in the picture, 2 places blackened". */
export function how({ source, masked, shown }: Capture): string {
  const read =
    shown === null
      ? {
          accessibility: "the application told its text; no picture",
          recognizer: "recognized in the picture",
          cache: "unchanged since it was last read",
        }[source]
      : shown.sent
        ? `the picture was sent to ${shown.host}, when you clicked Send`
        : `a picture for you to look at, to be sent to ${shown.host} only by your click`;
  if (masked === 0) return read;
  return `${read} · ${masked === 1 ? "one place" : `${masked} places`} blackened first`;
}

/** When, for a person: the time of today, and the day too before that. */
export function when(capture: Capture, now: Date): string {
  const at = new Date(capture.at_ms);
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}
