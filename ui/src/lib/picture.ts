// What is said of a picture of the screen that waits to be sent. Never sends it.
import type { PictureOffer } from "../generated/PictureOffer";

/** What it shows: "The window “Report” of Editor". */
export function subjectOf({ window, application }: Pick<PictureOffer, "window" | "application">): string {
  if (window === null) return "The screen";
  return application ? `The window “${window}” of ${application}` : `The window “${window}”`;
}

/** How large it is: "1568 × 882, 240 kB". */
export function sizeOf({ width, height, bytes }: Pick<PictureOffer, "width" | "height" | "bytes">): string {
  return `${width} × ${height}, ${Math.ceil(bytes / 1000)} kB`;
}
