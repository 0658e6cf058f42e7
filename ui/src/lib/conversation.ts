// What the window shows of a conversation, folded from the stream of events. Pure: an event and a conversation in, a
// conversation out. Never talks to the program and never keeps time.
import type { AssistantState } from "../generated/AssistantState";
import type { Error as Failure } from "../generated/Error";
import type { EventRecord } from "../generated/EventRecord";
import type { Route } from "../generated/Route";
import type { TextSource } from "../generated/TextSource";

/** Exchanges and notices that are kept; older ones fall off the top. */
export const KEPT_ENTRIES = 200;

/** One question and its answer. */
export interface Exchange {
  kind: "exchange";
  turn: number;
  /** The user's words so far. */
  words: string;
  /** Whether `words` may still change. */
  settled: boolean;
  reply: string;
  intent: string | null;
  route: Route | null;
  /** The server whose model answered; none for the own model and for skills. */
  from: string | null;
  /** Where the text of the screen that was looked at for it is from; none where nothing was looked at or read. */
  seen: TextSource | null;
  /** How it stands or how it ended. */
  outcome: "open" | "answered" | "cancelled" | "nothing_heard" | "failed";
  /** Milliseconds since the end of the user's speech at which each stage was reached. */
  stages: [string, number][];
  failure: Failure | null;
}

/** Something said outside of an exchange: an alarm, a device that went away, an error. */
export interface Notice {
  kind: "notice";
  id: number;
  tone: "calm" | "attention" | "loss";
  text: string;
  hint: string;
  /** Of an error, what it is; none for the rest. */
  code: string | null;
  /** `input` or `output` for what is wrong with that device now, none for the rest. */
  device: string | null;
}

export type Entry = Exchange | Notice;

export interface Conversation {
  entries: Entry[];
  state: AssistantState;
  muted: boolean;
  /** Whether the user may go on without the wake word. */
  attentive: boolean;
  /** Words of a turn that took a pause for the end; the next turn begins with them. */
  carried: string;
  /** Whether everything is loaded. */
  ready: boolean;
  /** Milliseconds since the engine started, of the last event. */
  at: number;
}

export function emptyConversation(): Conversation {
  return { entries: [], state: "idle", muted: false, attentive: false, carried: "", ready: false, at: 0 };
}

/** The conversation after `record`. Returns the same object when nothing that is shown changed. */
export function advance(conversation: Conversation, record: EventRecord): Conversation {
  switch (record.event) {
    case "ready":
      return { ...conversation, ready: true, at: record.t_ms };
    case "state":
      return { ...conversation, state: record.state, muted: record.muted, at: record.t_ms };
    case "speech_start":
      return exchange(conversation, record, (e) => e);
    case "partial":
      return exchange(conversation, record, (e) => (e.settled ? e : { ...e, words: record.text }));
    case "transcript":
      return exchange(conversation, record, (e) => ({ ...e, words: record.text, settled: true }));
    case "intent":
      return exchange(conversation, record, (e) => ({ ...e, intent: record.intent, route: record.route }));
    case "answered_from":
      return exchange(conversation, record, (e) => ({ ...e, route: "remote", from: record.host }));
    case "looking":
      return record.source === null
        ? conversation
        : exchange(conversation, record, (e) => ({ ...e, seen: record.source }));
    case "reply_text":
      return exchange(conversation, record, (e) => ({ ...e, reply: e.reply + record.text }));
    case "revoked":
      return revoked(conversation, record);
    case "attentive":
      return { ...conversation, attentive: record.seconds > 0, at: record.t_ms };
    case "cancelled":
      return exchange(conversation, record, (e) => ({ ...e, outcome: "cancelled" }));
    case "turn_end":
      return exchange(conversation, record, (e) => ({ ...e, stages: record.timings_ms, outcome: finished(e) }));
    case "error":
      return failed(conversation, record);
    case "alarm":
      return notice(conversation, record, { tone: "attention", text: record.text });
    case "device":
      return device(conversation, record);
    // Nothing of these is part of a transcript.
    case "wake":
    case "speech_end":
    case "first_token":
    case "first_audio":
    case "playback_end":
    case "barge_in":
    case "picture_offer":
    case "highlight":
    case "level":
    case "model_progress":
    case "setting_changed":
      return conversation;
  }
}

/** The turn was no whole question: it leaves nothing but the beginning of the next one, which may be there already. */
function revoked(conversation: Conversation, record: EventRecord): Conversation {
  const index = conversation.entries.findLastIndex((e) => e.kind === "exchange" && e.turn === record.turn);
  const found = conversation.entries[index];
  if (found?.kind !== "exchange") return conversation;
  return {
    ...conversation,
    at: record.t_ms,
    carried: index === conversation.entries.length - 1 ? found.words : conversation.carried,
    entries: conversation.entries.toSpliced(index, 1),
  };
}

function finished(e: Exchange): Exchange["outcome"] {
  if (e.outcome !== "open") return e.outcome;
  return e.settled && e.words === "" ? "nothing_heard" : "answered";
}

/** Whether a turn is over and left nothing to read: listening was only switched on and off again. */
function isBlank(e: Exchange): boolean {
  const over = e.outcome !== "open" && e.outcome !== "nothing_heard";
  return over && !e.words && !e.reply.trim() && !e.failure?.message;
}

/** Changes the exchange of `record`'s turn, beginning it if this is its first event. A blank one is not kept. */
function exchange(conversation: Conversation, record: EventRecord, change: (e: Exchange) => Exchange): Conversation {
  const { turn } = record;
  if (turn === null) return conversation;
  const entries = conversation.entries;
  // The exchange is nearly always the last entry, so look from the end.
  const index = entries.findLastIndex((e) => e.kind === "exchange" && e.turn === turn);
  const found = entries[index];
  if (found?.kind === "exchange") {
    const changed = change(found);
    return {
      ...conversation,
      at: record.t_ms,
      entries: isBlank(changed) ? entries.toSpliced(index, 1) : entries.with(index, changed),
    };
  }
  // The end of a turn that left nothing begins none.
  if (record.event === "turn_end") return conversation;
  const fresh: Exchange = {
    kind: "exchange",
    turn,
    words: conversation.carried,
    settled: false,
    reply: "",
    intent: null,
    route: null,
    from: null,
    seen: null,
    outcome: "open",
    stages: [],
    failure: null,
  };
  const begun = change(fresh);
  return isBlank(begun) ? conversation : append({ ...conversation, carried: "" }, record, begun);
}

function failed(conversation: Conversation, record: Extract<EventRecord, { event: "error" }>): Conversation {
  const failure: Failure = { code: record.code, message: record.message, hint: record.hint };
  if (record.turn !== null) return exchange(conversation, record, (e) => ({ ...e, failure, outcome: "failed" }));
  return notice(conversation, record, { tone: "loss", text: failure.message, hint: failure.hint, code: failure.code });
}

/** What is wrong with a device is told once, where it was first told, and only for as long as it is wrong. */
function device(conversation: Conversation, record: Extract<EventRecord, { event: "device" }>): Conversation {
  const { direction, message } = record;
  const { entries } = conversation;
  const index = entries.findLastIndex((e) => e.kind === "notice" && e.device === direction);
  const told = entries[index];
  if (record.available) {
    if (told) return { ...conversation, at: record.t_ms, entries: entries.toSpliced(index, 1) };
    // Nothing was wrong: another device is used than one would think.
    return notice(conversation, record, { tone: "calm", text: message });
  }
  if (told?.kind !== "notice") {
    return notice(conversation, record, { tone: "loss", text: message, device: direction });
  }
  if (told.text === message || message === "") return conversation;
  return { ...conversation, at: record.t_ms, entries: entries.with(index, { ...told, text: message, hint: "" }) };
}

function notice(
  conversation: Conversation,
  record: EventRecord,
  saying: Pick<Notice, "tone" | "text"> & Partial<Notice>,
): Conversation {
  if (saying.text === "") return conversation;
  const said = { hint: "", code: null, device: null, ...saying };
  const { entries } = conversation;
  // The error of a lost device says the same as the device did, and then what to do: one notice, wherever it stands.
  const index = entries.findLastIndex(
    (e, i) => e.kind === "notice" && e.text === said.text && (e.device !== null || i === entries.length - 1),
  );
  const told = entries[index];
  if (told?.kind === "notice") {
    if (said.hint === "" || said.hint === told.hint) return conversation;
    return { ...conversation, at: record.t_ms, entries: entries.with(index, { ...told, hint: said.hint }) };
  }
  const id = entries.reduce((most, e) => (e.kind === "notice" ? Math.max(most, e.id) : most), 0) + 1;
  // What fails again is told where the person is now, and not a second time further up. An alarm rings each time.
  const again = said.tone === "loss" ? entries.filter((e) => e.kind !== "notice" || e.text !== said.text) : entries;
  return append({ ...conversation, entries: again }, record, { kind: "notice", id, ...said });
}

/** What is shown, where `missing` models are told of at the top: nobody needs a second notice for each. */
export function shown(conversation: Conversation, missing: boolean): Entry[] {
  const { entries } = conversation;
  return missing ? entries.filter((e) => e.kind !== "notice" || e.code !== "models.not_installed") : entries;
}

function append(conversation: Conversation, record: EventRecord, entry: Entry): Conversation {
  return { ...conversation, at: record.t_ms, entries: [...conversation.entries, entry].slice(-KEPT_ENTRIES) };
}

/** Where what was seen comes from, as it stands beside an answer. */
export const SEEN_WORDS: Record<TextSource, string> = {
  accessibility: "read from the window",
  recognizer: "recognized in the picture",
  cache: "recognized earlier, and unchanged since",
};

/** A stage of a turn as the timing line and the waterfall show it, in milliseconds since the end of speech. */
export interface Stage {
  label: string;
  from: number;
  to: number;
}

/** What each stage is called for a person. The rest keep their own names. */
const STAGE_LABELS: Record<string, string> = {
  pause: "noticed",
  transcript: "heard",
  speech_end: "waited",
  intent: "understood",
  first_token: "first word",
  first_clause: "first clause",
  first_audio: "first sound",
  end: "said",
};

/** What the timing line tells: the steps of the wait for an answer. */
const TOLD = ["speech_end", "transcript", "intent", "first_token", "first_audio"];

/** The stages one after the other, each from where the one before it ended. */
export function waterfall(stages: readonly (readonly [string, number])[]): Stage[] {
  let from = 0;
  return stages.map(([name, reached]) => {
    const stage = { label: STAGE_LABELS[name] ?? name.replaceAll("_", " "), from, to: Math.max(from, reached) };
    from = stage.to;
    return stage;
  });
}

/** "waited 700 · heard 118 · understood 4 · first sound 63 ms": what the user waited for, up to the first sound. */
export function timingLine(stages: readonly (readonly [string, number])[]): string {
  const told = waterfall(stages.filter(([name]) => TOLD.includes(name)));
  // A typed question has no end of speech to wait for.
  const waits = told
    .map((s) => ({ label: s.label, ms: Math.round(s.to - s.from) }))
    .filter((s, i) => i > 0 || s.ms > 0);
  return waits.length === 0 ? "" : `${waits.map((s) => `${s.label} ${s.ms}`).join(" · ")} ms`;
}
