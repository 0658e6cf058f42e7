// Which mark of the state family stands for how Jarvis stands, and what it is called.
import type { AssistantState } from "../generated/AssistantState";

export type Mark = "idle" | "listening" | "thinking" | "speaking" | "muted" | "error" | "looking";

/**
 * That the screen is looked at is never hidden by anything. A turn in progress says more than what surrounds it; then
 * trouble, then the muted microphone.
 */
export function markOf(state: AssistantState, muted: boolean, trouble: boolean, looking: boolean): Mark {
  if (looking) return "looking";
  switch (state) {
    case "listening":
    case "speaking":
      return state;
    case "transcribing":
    case "thinking":
      return "thinking";
    case "idle":
      if (trouble) return "error";
      return muted ? "muted" : "idle";
  }
}

export const MARK_WORDS: Record<Mark, string> = {
  idle: "Ready",
  listening: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
  muted: "Microphone muted",
  error: "Needs attention",
  looking: "Looking at the screen",
};
