// Whether the assistant runs behind this window, and what it is called where it doesn't.
import type { Overview } from "../generated/Overview";

/** What kept the assistant from starting here, in a few words; none while that is not known yet, and where it runs. */
export function absence(overview: Overview | null): string | null {
  if (overview === null || overview.status !== null) return null;
  // That is told before whatever else is wrong.
  const why = overview.troubles[0]?.code;
  return why === "control.already_running" ? "Another Jarvis is running" : "Jarvis could not start";
}
