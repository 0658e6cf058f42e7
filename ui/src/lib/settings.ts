// Finding and grouping settings by what they mean. Knows nothing of any particular control.
import type { FieldSpec } from "../generated/FieldSpec";

/** Settings under one title, in the order of the schema. */
export interface Section {
  title: string;
  fields: FieldSpec[];
}

/** Words that people use for something whose label says it differently. */
const MEANINGS: Record<string, string> = {
  hotkey: "shortcut keyboard key combination push to talk press button",
  audio: "sound mic microphone speaker headset headphones loud quiet volume device",
  wake: "hey hello trigger listening always on privacy accidental false name",
  endpoint: "pause silence cut off interrupt slow wait done timeout",
  recognition: "hear understand dictation whisper words language accuracy",
  voice: "speak talk mute quiet silent speech fast slow tts say",
  mind: "model chat llm answer memory creative context brain",
  remote: "ollama openai llama server cloud api key network online internet chatgpt privacy",
  eyes: "see look watch read picture screenshot capture ocr text window private password privacy exclude accessibility",
  learning: "privacy train correct remember",
  performance: "speed fast slow memory ram cpu gpu battery cache threads",
};

/** The sections whose settings match every word of `query`, without those that change nothing yet. */
export function findSettings(schema: readonly FieldSpec[], query: string): Section[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = new Map<string, FieldSpec[]>();
  for (const field of schema) {
    if (field.unused) continue;
    const group = field.path.split(".")[0] ?? "";
    const text = `${field.section} ${field.label} ${field.help} ${field.path} ${MEANINGS[group] ?? ""}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const found = sections.get(field.section);
    if (found) found.push(field);
    else sections.set(field.section, [field]);
  }
  return [...sections].map(([title, fields]) => ({ title, fields }));
}

/** The names of a list as its file has them, one by one. */
export function splitNames(list: string): string[] {
  return list
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

/** The list with a name more, as its file has it; the same list where the name is in it already, whatever its case. */
export function withName(list: string, name: string): string {
  const names = splitNames(list);
  // A comma would make two of it.
  const added = splitNames(name).filter((n) => !names.some((known) => known.toLowerCase() === n.toLowerCase()));
  return [...names, ...added].join(", ");
}

/** The list without that name. */
export function withoutName(list: string, name: string): string {
  return splitNames(list)
    .filter((known) => known !== name)
    .join(", ");
}

/** What a setting does, without how its file says "the system's choice": the list of devices shows that by name. */
export function shownHelp(field: FieldSpec): string {
  const listed = field.kind === "input_device" || field.kind === "output_device";
  return listed ? field.help.replace(/; empty [^.]*/, "") : field.help;
}

/** How a number is shown beside its slider: shares as per cent, the rest with their unit. */
export function shownNumber(field: FieldSpec, value: number): string {
  if (field.kind !== "number" && field.kind !== "integer") return String(value);
  if (field.kind === "number" && field.unit === "" && field.max <= 1) return `${Math.round(value * 100)} %`;
  const digits = field.kind === "integer" ? 0 : 2;
  const number = Number(value.toFixed(digits)).toLocaleString("en");
  return field.unit === "" ? number : `${number} ${field.unit}`;
}

/** A step that makes a slider fine enough to choose with, and no finer. */
export function sliderStep(field: FieldSpec): number {
  if (field.kind === "integer") {
    const range = field.max - field.min;
    return range > 1000 ? 50 : 1;
  }
  return 0.05;
}

/** Whether a slider can choose from the range at all; the others are typed. */
export function fitsSlider(field: FieldSpec): boolean {
  return (field.kind === "number" || field.kind === "integer") && field.max - field.min <= 5000;
}

/** A model's title in two: what it is called, and what else there is to say that its kind does not say anyway. */
export function splitTitle(title: string): [name: string, rest: string] {
  const end = title.search(/, | \(/);
  if (end < 0) return [title, ""];
  const rest = title.slice(end + 2).replace(/(^|, )which .*$/, "");
  return [title.slice(0, end), rest.includes("(") ? rest : rest.replace(/\)$/, "")];
}

/** How models are called where one of them is chosen: by name, and by more where two have the same. */
export function modelChoices(models: readonly { id: string; title: string; installed: boolean }[]) {
  const names = models.map((model) => splitTitle(model.title)[0]);
  return models.map(({ id, title, installed }) => {
    const [name, rest] = splitTitle(title);
    const told = names.indexOf(name) === names.lastIndexOf(name) || rest === "" ? name : `${name}, ${rest}`;
    return { value: id, label: installed ? told : `${told} (not installed)`, title };
  });
}
