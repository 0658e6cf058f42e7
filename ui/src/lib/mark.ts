// Which mark of the state family stands for how Jarvis stands, and what it is called.
import type { AssistantState } from "../generated/AssistantState";

export type Mark = "idle" | "listening" | "thinking" | "speaking" | "muted" | "error";

/** A turn in progress says more than anything that surrounds it; then trouble, then the muted microphone. */
export function markOf(state: AssistantState, muted: boolean, trouble: boolean): Mark {
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
};
