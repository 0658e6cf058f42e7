import type { Error } from "./Error";
import type { AssistantState } from "./AssistantState";
export type Overview = { version: string, status: { version: string, pid: number, state: AssistantState, turn: number | null, muted: boolean, ready: boolean, } | null, hotkey: { keys: string, hold: boolean, problem: Error | null, suggestion: string | null, }, wake_phrase: string | null, missing_models: Array<string>, broken: boolean, troubles: Array<Error>, };
