// The way from the window to the program: typed commands, and the one stream of events.
import { Channel, invoke } from "@tauri-apps/api/core";
import type { Commands } from "../generated/commands";
import type { Error as Failure } from "../generated/Error";
import type { EventRecord } from "../generated/EventRecord";

export type { Failure };

/** Runs a command of the program. Rejects with a {@link Failure}. */
export async function call<K extends keyof Commands>(
  name: K,
  ...[parameters]: keyof Commands[K]["parameters"] extends never ? [] : [Commands[K]["parameters"]]
): Promise<Commands[K]["result"]> {
  try {
    return await invoke<Commands[K]["result"]>(name, parameters);
  } catch (reason) {
    throw asFailure(reason);
  }
}

/** Hands over what happened so far in this run and then, without a gap, each event as it happens. */
export async function follow(onEvent: (record: EventRecord) => void): Promise<EventRecord[]> {
  const events = new Channel<EventRecord>();
  // What arrives while the past is still on its way is later than all of it.
  const early: EventRecord[] = [];
  let past: EventRecord[] | null = null;
  events.onmessage = (record) => (past ? onEvent(record) : early.push(record));
  past = await invoke<EventRecord[]>("follow", { events });
  return [...past, ...early];
}

/** Whatever was thrown, as an error with words for a person. */
export function asFailure(reason: unknown): Failure {
  if (typeof reason === "object" && reason !== null && "message" in reason && "code" in reason) {
    return reason as Failure;
  }
  return {
    code: "window.unexpected",
    message: "The window could not reach the rest of Jarvis.",
    hint: "Close this window and open it again.",
  };
}
