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

/** How much longer it is offered: "gone in 42 s". */
export function remaining(secondsLeft: number): string {
  return secondsLeft > 0 ? `gone in ${Math.ceil(secondsLeft)} s` : "gone";
}

/** Tells each second how many of `seconds` are left, until none is. Returns what ends that. */
export function countDown(seconds: number, tell: (left: number) => void): () => void {
  const end = performance.now() + seconds * 1000;
  const look = () => {
    const left = Math.max(0, (end - performance.now()) / 1000);
    tell(left);
    if (left === 0) clearInterval(timer);
  };
  const timer = setInterval(look, 1000);
  look();
  return () => clearInterval(timer);
}

/** How long a picture has to be in sight before it can be sent, ms. */
export const SETTLES_MS = 500;

/** Tells when the window has been in sight for `ms`, and when it is not any more. Returns what ends that. */
export function whileInSight(ms: number, tell: (settled: boolean) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    tell(false);
    if (document.visibilityState === "visible") timer = setTimeout(() => tell(true), ms);
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
