import { describe, expect, it } from "vitest";
import type { FieldSpec } from "../generated/FieldSpec";
import {
  findSettings,
  fitsSlider,
  modelChoices,
  shownHelp,
  shownNumber,
  sliderStep,
  splitNames,
  splitTitle,
  withName,
  withoutName,
} from "./settings";

const common = { default: 0, environment: [], restart: false, unused: false, help: "" };
const volume: FieldSpec = {
  ...common,
  path: "audio.volume",
  section: "Sound",
  label: "Volume",
  kind: "number",
  min: 0,
  max: 1,
  unit: "",
};
const pause: FieldSpec = {
  ...common,
  path: "endpoint.silence_ms",
  section: "End of speech",
  label: "Pause",
  kind: "integer",
  min: 200,
  max: 3000,
  unit: "ms",
};
const cache: FieldSpec = {
  ...common,
  path: "performance.cache_size",
  section: "Performance",
  label: "Cache size",
  kind: "integer",
  min: 0,
  max: 1_000_000,
  unit: "entries",
};
const rate: FieldSpec = {
  ...common,
  path: "voice.rate",
  section: "Voice",
  label: "Speed",
  kind: "number",
  min: 0.5,
  max: 2,
  unit: "×",
};

describe("findSettings", () => {
  const titles = (query: string) => findSettings([volume, pause, cache, rate], query).map((s) => s.title);

  it("finds by what a setting means, not only by its name", () => {
    expect(titles("")).toEqual(["Sound", "End of speech", "Performance", "Voice"]);
    expect(titles("QUIET")).toEqual(["Sound", "Voice"]);
    expect(titles("cut off")).toEqual(["End of speech"]);
    expect(titles("xylophone")).toEqual([]);
  });

  it("leaves out what changes nothing yet", () => {
    expect(findSettings([volume, { ...cache, unused: true }], "").map((s) => s.title)).toEqual(["Sound"]);
  });

  it("wants every word", () => {
    expect(titles("voice speed")).toEqual(["Voice"]);
  });
});

it("adds names to a list and takes them out of it", () => {
  expect(splitNames(" Signal,Proton Pass ")).toEqual(["Signal", "Proton Pass"]);
  expect(splitNames("")).toEqual([]);
  expect(withName("", "Signal")).toBe("Signal");
  expect(withName("Signal", " Mail, signal ")).toBe("Signal, Mail");
  expect(withName("Signal", " ")).toBe("Signal");
  expect(withoutName("Signal, Mail", "Signal")).toBe("Mail");
  expect(withoutName("Mail", "Mail")).toBe("");
});

it("explains a list of devices without the empty text of the file", () => {
  const help = "The microphone to listen to; empty follows the system's choice.";
  const field = { path: "audio.input_device", section: "Sound", label: "Microphone", help };
  expect(shownHelp({ ...common, ...field, kind: "input_device" })).toBe("The microphone to listen to.");
  expect(shownHelp({ ...volume, help: "0; empty is silent." })).toBe("0; empty is silent.");
});

it("tells a model's name from the rest of its title", () => {
  expect(splitTitle("Whisper tiny.en, English speech recognition")).toEqual([
    "Whisper tiny.en",
    "English speech recognition",
  ]);
  expect(splitTitle("Joe, an American English voice (Piper, medium)")).toEqual([
    "Joe",
    "an American English voice (Piper, medium)",
  ]);
  expect(splitTitle('Wake word "Alexa" (openWakeWord)')).toEqual(['Wake word "Alexa"', "openWakeWord"]);
  expect(splitTitle("SmolLM2 135M, 4-bit, which answers what no skill does")).toEqual(["SmolLM2 135M", "4-bit"]);
  expect(splitTitle("Silero VAD, which tells speech from other sound")).toEqual(["Silero VAD", ""]);
  expect(splitTitle("Plain")).toEqual(["Plain", ""]);
});

it("names a model by its name alone where it is chosen, unless another has that name", () => {
  const labels = (titles: string[]) =>
    modelChoices(titles.map((title, n) => ({ id: String(n), title, installed: n !== 1 }))).map(({ label }) => label);
  expect(labels(["Joe, a voice", "Amy, a voice"])).toEqual(["Joe", "Amy (not installed)"]);
  expect(labels(["Hey (openWakeWord)", "Hey, trained here", "Alexa (openWakeWord)"])).toEqual([
    "Hey, openWakeWord",
    "Hey, trained here (not installed)",
    "Alexa",
  ]);
});

it("shows numbers as people say them", () => {
  expect(shownNumber(volume, 0.35)).toBe("35 %");
  expect(shownNumber(pause, 700)).toBe("700 ms");
  expect(shownNumber(pause, 1250)).toBe("1,250 ms");
  expect(shownNumber(rate, 1.0)).toBe("1 ×");
});

it("gives a slider to ranges that one can choose from by hand", () => {
  expect([volume, pause, rate, cache].map(fitsSlider)).toEqual([true, true, true, false]);
  expect([sliderStep(volume), sliderStep(pause)]).toEqual([0.05, 50]);
});
