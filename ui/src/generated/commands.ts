// This file was generated from the commands! table of src-tauri/src/commands.rs. Do not edit it.
import type { Capture } from "./Capture";
import type { Check } from "./Check";
import type { Devices } from "./Devices";
import type { FieldSpec } from "./FieldSpec";
import type { Listed } from "./Listed";
import type { Overview } from "./Overview";
import type { PictureOffer } from "./PictureOffer";
import type { SettingValue } from "./SettingValue";

export interface Commands {
  overview: { parameters: {}; result: Overview };
  get_schema: { parameters: {}; result: Array<FieldSpec> };
  get_settings: { parameters: {}; result: Array<SettingValue> };
  set_setting: { parameters: { path: string; value: string }; result: SettingValue };
  list_devices: { parameters: {}; result: Devices };
  list_models: { parameters: {}; result: Array<Listed> };
  recommended_model: { parameters: {}; result: Listed | null };
  pull_models: { parameters: { ids: Array<string> }; result: null };
  cancel_pull: { parameters: {}; result: null };
  remove_model: { parameters: { id: string }; result: null };
  run_doctor: { parameters: {}; result: Array<Check> };
  list_captures: { parameters: {}; result: Array<Capture> };
  forget_captures: { parameters: {}; result: null };
  picture_offer: { parameters: {}; result: PictureOffer | null };
  send_picture: { parameters: { offer: number }; result: null };
  refuse_picture: { parameters: { offer: number }; result: null };
  talk: { parameters: {}; result: null };
  cancel: { parameters: {}; result: null };
  ask: { parameters: { text: string }; result: null };
  mute: { parameters: { muted: boolean }; result: null };
  watch_level: { parameters: { on: boolean }; result: null };
  quit: { parameters: {}; result: null };
}
