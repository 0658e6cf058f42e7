export type AssistantState = "idle" | "listening" | "transcribing" | "thinking" | "speaking";
