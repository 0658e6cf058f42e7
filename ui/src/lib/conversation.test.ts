import { describe, expect, it } from "vitest";
import type { EventRecord } from "../generated/EventRecord";
import { advance, emptyConversation, KEPT_ENTRIES, shown, timingLine, waterfall, type Exchange } from "./conversation";

type Happening = EventRecord extends infer R ? (R extends EventRecord ? Omit<R, "t_ms" | "turn"> : never) : never;

function fold(...happenings: [number | null, Happening][]) {
  return happenings.reduce(
    (conversation, [turn, happening]) => advance(conversation, { t_ms: 1, turn, ...happening } as EventRecord),
    emptyConversation(),
  );
}

const question: [number | null, Happening][] = [
  [1, { event: "state", state: "listening", muted: false }],
  [1, { event: "speech_start" }],
  [1, { event: "partial", text: "what time" }],
  [1, { event: "transcript", text: "What time is it?" }],
  [1, { event: "intent", intent: "time.now", slots: {}, confidence: 1, route: "pattern" }],
  [1, { event: "reply_text", text: "It is " }],
  [1, { event: "reply_text", text: "noon." }],
  [1, { event: "turn_end", timings_ms: [["transcript", 118]] }],
];

describe("advance", () => {
  it("folds a turn into one exchange", () => {
    const { entries, state } = fold(...question);
    expect(state).toBe("listening");
    expect(entries).toEqual([
      {
        kind: "exchange",
        turn: 1,
        words: "What time is it?",
        settled: true,
        reply: "It is noon.",
        intent: "time.now",
        route: "pattern",
        from: null,
        seen: null,
        outcome: "answered",
        stages: [["transcript", 118]],
        failure: null,
      },
    ]);
  });

  it("shows words while they are spoken, and never lets late ones replace the final ones", () => {
    const spoken = fold(...question.slice(0, 3)).entries[0] as Exchange;
    expect([spoken.words, spoken.settled]).toEqual(["what time", false]);
    const late = fold(...question.slice(0, 4), [1, { event: "partial", text: "what" }]).entries[0] as Exchange;
    expect(late.words).toBe("What time is it?");
  });

  it("says where what was seen is from, and only if something was read", () => {
    const ask = question.slice(3, 5);
    const looks: [number | null, Happening] = [
      1,
      { event: "looking", looking: true, reason: "to answer: what does that error say", source: null },
    ];
    const [before] = fold(...ask, looks).entries as Exchange[];
    expect(before?.seen).toBeNull();
    const [after] = fold(...ask, looks, [1, { event: "looking", looking: false, reason: "", source: "accessibility" }])
      .entries as Exchange[];
    expect(after?.seen).toBe("accessibility");
    // Reading ahead belongs to no question.
    const ahead = fold([null, { event: "looking", looking: false, reason: "to read ahead", source: "recognizer" }]);
    expect(ahead.entries).toEqual([]);
  });

  it("says which other program's model answered", () => {
    const asked = fold(
      [1, { event: "intent", intent: "chat", slots: {}, confidence: 1, route: "model" }],
      [1, { event: "reply_text", text: "Because." }],
      [1, { event: "answered_from", host: "127.0.0.1:11434" }],
    ).entries[0] as Exchange;
    expect([asked.reply, asked.route, asked.from]).toEqual(["Because.", "remote", "127.0.0.1:11434"]);
  });

  it("makes one exchange of a question with a pause in it", () => {
    const paused: [number, Happening][] = [
      [1, { event: "speech_start" }],
      [1, { event: "transcript", text: "Tell me about the Roman." }],
      [1, { event: "intent", intent: "chat", slots: {}, confidence: 1, route: "model" }],
      [1, { event: "revoked" }],
      [1, { event: "turn_end", timings_ms: [] }],
    ];
    expect(fold(...paused).entries).toEqual([]);
    const goingOn = fold(...paused, [2, { event: "speech_start" }]).entries as Exchange[];
    expect(goingOn.map((e) => [e.turn, e.words, e.settled])).toEqual([[2, "Tell me about the Roman.", false]]);
    const whole = fold(
      ...paused,
      [2, { event: "speech_start" }],
      [2, { event: "transcript", text: "Tell me about the Roman empire." }],
      [3, { event: "speech_start" }],
    ).entries as Exchange[];
    expect(whole.map((e) => e.words)).toEqual(["Tell me about the Roman empire.", ""]);
  });

  it("makes one exchange of a question that went on over its answer", () => {
    const whole = fold(
      [1, { event: "transcript", text: "What is the capital of Italy?" }],
      [1, { event: "reply_text", text: "It is Rome." }],
      [1, { event: "barge_in" }],
      [2, { event: "speech_start" }],
      [1, { event: "revoked" }],
      [1, { event: "turn_end", timings_ms: [] }],
      [2, { event: "transcript", text: "What is the capital of Italy in the middle ages?" }],
      [3, { event: "speech_start" }],
    ).entries as Exchange[];
    expect(whole.map((e) => e.words)).toEqual(["What is the capital of Italy in the middle ages?", ""]);
  });

  it("knows when the user may go on", () => {
    const open: [null, Happening] = [null, { event: "attentive", seconds: 4 }];
    expect(fold(open).attentive).toBe(true);
    expect(fold(open, [null, { event: "attentive", seconds: 0 }]).attentive).toBe(false);
  });

  it("tells silence, a stopped answer and a failure apart", () => {
    const end: [number, Happening] = [1, { event: "turn_end", timings_ms: [] }];
    const outcome = (...between: [number, Happening][]) => (fold(...between, end).entries[0] as Exchange).outcome;
    expect(outcome([1, { event: "transcript", text: "" }])).toBe("nothing_heard");
    expect(outcome([1, { event: "reply_text", text: "Well" }], [1, { event: "cancelled" }])).toBe("cancelled");
    expect(outcome([1, { event: "error", code: "x", message: "Broken.", hint: "" }])).toBe("failed");
  });

  it("puts what happens between turns on a line of its own, once", () => {
    const lost: [null, Happening] = [
      null,
      { event: "device", direction: "input", available: false, name: "USB", message: "The microphone is gone." },
    ];
    const { entries } = fold(lost, lost, [null, { event: "alarm", text: "Tea is ready." }]);
    expect(entries.map((e) => e.kind === "notice" && [e.id, e.tone, e.text])).toEqual([
      [1, "loss", "The microphone is gone."],
      [2, "attention", "Tea is ready."],
    ]);
  });

  const microphone = (available: boolean, message: string): [null, Happening] => [
    null,
    { event: "device", direction: "input", available, name: "USB", message },
  ];
  const noMicrophone = (message: string, hint: string): [null, Happening] => [
    null,
    { event: "error", code: "audio.no_microphone", message, hint },
  ];

  it("keeps nothing of turns in which nothing was said", () => {
    const toggles = Array.from({ length: 30 }, (_, turn): [number, Happening][] => [
      [turn, { event: "speech_start" }],
      ...(turn % 2 ? ([[turn, { event: "cancelled" }]] as [number, Happening][]) : []),
      [turn, { event: "turn_end", timings_ms: [["end", 0]] }],
    ]).flat();
    expect(fold(...toggles).entries).toEqual([]);
    // While it is open, it shows that Jarvis listens; a stopped question keeps its words.
    expect(fold([1, { event: "speech_start" }]).entries).toHaveLength(1);
    expect(fold([1, { event: "partial", text: "What" }], [1, { event: "cancelled" }]).entries).toHaveLength(1);
  });

  it("draws no notice without words", () => {
    const { entries } = fold(microphone(true, ""), microphone(false, ""), noMicrophone("", "Plug it in."));
    expect(entries).toEqual([]);
  });

  it("tells of a lost device in one notice, which what follows brings up to date", () => {
    const { entries } = fold(
      microphone(false, "The microphone is gone."),
      noMicrophone("The microphone is gone.", "Plug it in."),
      [null, { event: "alarm", text: "Tea is ready." }],
      [null, { event: "device", direction: "output", available: false, name: "", message: "The speaker is gone." }],
      microphone(false, "The microphone is in use."),
      noMicrophone("The microphone is in use.", "Close the other program."),
    );
    expect(entries.map((e) => e.kind === "notice" && [e.text, e.hint, e.device])).toEqual([
      ["The microphone is in use.", "Close the other program.", "input"],
      ["Tea is ready.", "", null],
      ["The speaker is gone.", "", "output"],
    ]);
  });

  it("tells which microphone is used when it is not the one that one would think", () => {
    const { entries } = fold(microphone(true, "I listen with “Desk” now."), microphone(true, ""));
    expect(entries.map((e) => e.kind === "notice" && [e.tone, e.text])).toEqual([
      ["calm", "I listen with “Desk” now."],
    ]);
  });

  it("tells what fails again where one looks, and once", () => {
    const failure = (message: string): [number | null, Happening] => [
      null,
      { event: "error", code: "audio.busy", message, hint: "Wait." },
    ];
    const { entries } = fold(
      failure("It is busy."),
      [1, { event: "transcript", text: "One" }],
      [null, { event: "alarm", text: "Tea is ready." }],
      [2, { event: "transcript", text: "Two" }],
      failure("It is busy."),
      [null, { event: "alarm", text: "Tea is ready." }],
    );
    expect(entries.map((e) => (e.kind === "notice" ? e.text : e.words))).toEqual([
      "One",
      "Tea is ready.",
      "Two",
      "It is busy.",
      "Tea is ready.",
    ]);
  });

  it("leaves models that are missing to the place that tells how to get them", () => {
    const conversation = fold(
      [null, { event: "error", code: "models.not_installed", message: "No voice.", hint: "Install it." }],
      [null, { event: "error", code: "audio.busy", message: "It is busy.", hint: "Wait." }],
    );
    const texts = (missing: boolean) => shown(conversation, missing).map((e) => e.kind === "notice" && e.text);
    expect(texts(true)).toEqual(["It is busy."]);
    expect(texts(false)).toEqual(["No voice.", "It is busy."]);
  });

  it("takes the notice away when the device is back, however often it comes and goes", () => {
    const away = [microphone(false, "The microphone is gone."), noMicrophone("The microphone is gone.", "Plug it in.")];
    const back = microphone(true, "The microphone is back: USB.");
    expect(fold(...away, back, ...away, back).entries).toEqual([]);
    expect(fold(...away, back, ...away).entries).toHaveLength(1);
  });

  it("keeps turns apart that overlap", () => {
    const { entries } = fold(
      [1, { event: "transcript", text: "One" }],
      [2, { event: "transcript", text: "Two" }],
      [1, { event: "turn_end", timings_ms: [] }],
    );
    expect(entries.map((e) => e.kind === "exchange" && [e.turn, e.outcome])).toEqual([
      [1, "answered"],
      [2, "open"],
    ]);
  });

  it("is bounded", () => {
    const many = Array.from({ length: KEPT_ENTRIES + 50 }, (_, i): [number, Happening] => [
      i,
      { event: "speech_start" },
    ]);
    const { entries } = fold(...many);
    expect(entries).toHaveLength(KEPT_ENTRIES);
    expect((entries.at(-1) as Exchange).turn).toBe(KEPT_ENTRIES + 49);
  });

  it("leaves the conversation alone for what it does not show", () => {
    const before = emptyConversation();
    expect(advance(before, { t_ms: 5, turn: null, event: "level", level: 0.5 })).toBe(before);
  });
});

describe("timing", () => {
  const spoken: [string, number][] = [
    ["speech_end", 700],
    ["transcript", 818],
    ["intent", 822],
    ["first_clause", 840],
    ["first_audio", 885],
    ["end", 2400],
  ];

  it("tells what the user waited for, up to the first sound", () => {
    expect(timingLine(spoken)).toBe("waited 700 · heard 118 · understood 4 · first sound 63 ms");
    expect(
      timingLine([
        ["transcript", 0],
        ["intent", 3],
        ["first_audio", 70],
      ]),
    ).toBe("understood 3 · first sound 67 ms");
    expect(timingLine([])).toBe("");
  });

  it("lays the stages end to end", () => {
    expect(waterfall(spoken).at(-1)).toEqual({ label: "said", from: 885, to: 2400 });
    // A clock that was read in another order does not give a negative length.
    expect(
      waterfall([
        ["a", 5],
        ["b", 4],
      ])[1],
    ).toEqual({ label: "b", from: 5, to: 5 });
  });
});
