// What the window knows, kept current: the conversation, the level, the installs, and how the program stands.
import { SvelteMap } from "svelte/reactivity";
import type { Error as Failure } from "../generated/Error";
import type { EventRecord } from "../generated/EventRecord";
import type { Overview } from "../generated/Overview";
import type { PictureOffer } from "../generated/PictureOffer";
import { asFailure, call, follow } from "./api";
import { advance, emptyConversation } from "./conversation";

/** How long the sign of looking is lit at least, ms: a look may be over before anyone can see it. */
const SEEN_MS = 800;

/** Progress of one model that is being installed. */
export interface Progress {
  done: number;
  total: number;
}

export class Session {
  conversation = $state.raw(emptyConversation());
  overview = $state.raw<Overview | null>(null);
  /** Level of the microphone, 0..=1, while {@link watchLevel} is on. */
  level = $state(0);
  /** How often a setting was changed by asking for it, which whoever shows settings has to follow. */
  settingsChanged = $state(0);
  /** Whether the sign of looking at the screen is lit. */
  looking = $state(false);
  /** How often a look was over, which whoever lists them has to follow. */
  looks = $state(0);
  /** The picture of the screen that waits for the person to have it sent or not. */
  picture = $state.raw<PictureOffer | null>(null);
  readonly installing = new SvelteMap<string, Progress>();
  /** The last thing that the window asked for and did not get. */
  failure = $state.raw<Failure | null>(null);

  /** Whether there is something that Esc would stop. */
  busy = $derived(this.conversation.state !== "idle");

  #reading = 0;
  #litAt = 0;
  #goesOut: ReturnType<typeof setTimeout> | undefined;

  async start(): Promise<void> {
    await this.attempt(async () => {
      const past = await follow((record) => this.take(record));
      let conversation = this.conversation;
      for (const record of past) conversation = advance(conversation, record);
      this.conversation = conversation;
      const look = past.findLast((record) => record.event === "looking");
      if (look?.event === "looking" && look.looking) this.light(true);
    });
    await this.refresh();
    // The window may have been opened for it.
    await this.readOffer();
  }

  /** Reads again how the program stands: state, devices, hotkey, tray, models. */
  async refresh(): Promise<void> {
    await this.attempt(async () => {
      this.overview = await call("overview");
      const status = this.overview.status;
      // The window may have been opened after the last event that told these.
      if (status) {
        const { state, muted, ready } = status;
        this.conversation = { ...this.conversation, state, muted, ready };
      }
    });
  }

  private take(record: EventRecord): void {
    if (record.event === "level") {
      this.level = record.level;
      return;
    }
    if (record.event === "model_progress") {
      this.installing.set(record.id, { done: record.done, total: record.total });
      return;
    }
    if (record.event === "setting_changed") {
      this.settingsChanged += 1;
      return;
    }
    if (record.event === "picture_offer") {
      void this.readOffer();
      return;
    }
    if (record.event === "looking") this.light(record.looking);
    // What is sent is in the list by then.
    if (record.event === "intent" && record.intent === "screen.picture") this.looks += 1;
    this.conversation = advance(this.conversation, record);
    if (record.event === "ready" || record.event === "device" || record.event === "error") void this.refresh();
  }

  /** Lights the sign of looking, or puts it out when a person has seen it. */
  private light(looking: boolean): void {
    clearTimeout(this.#goesOut);
    if (looking) {
      this.looking = true;
      this.#litAt = Date.now();
      return;
    }
    this.looks += 1;
    const left = Math.max(0, this.#litAt + SEEN_MS - Date.now());
    this.#goesOut = setTimeout(() => (this.looking = false), left);
  }

  /** Shows the picture that is offered now. An answer that was overtaken by the next shows nothing. */
  private async readOffer(): Promise<void> {
    const reading = ++this.#reading;
    await this.attempt(async () => {
      const picture = await call("picture_offer");
      if (reading === this.#reading) this.picture = picture;
    });
  }

  /** Sends the picture of this number, which is the one that the person saw, and no other. */
  sendPicture = (offer: number) => this.act(() => call("send_picture", { offer }));
  refusePicture = (offer: number) => this.act(() => call("refuse_picture", { offer }));
  talk = () => this.act(() => call("talk"));
  cancel = () => this.act(() => call("cancel"));
  ask = (text: string) => this.act(() => call("ask", { text }));
  mute = (muted: boolean) => this.act(() => call("mute", { muted }));
  watchLevel = async (on: boolean): Promise<void> => {
    if (!on) this.level = 0;
    await this.attempt(() => call("watch_level", { on }));
  };

  /** Installs models; resolves when they are there, were given up, or failed (which it tells). */
  async install(ids: string[]): Promise<void> {
    for (const id of ids) this.installing.set(id, { done: 0, total: 0 });
    try {
      await this.act(() => call("pull_models", { ids }));
    } finally {
      for (const id of ids) this.installing.delete(id);
      await this.refresh();
    }
  }

  cancelInstall = () => this.act(() => call("cancel_pull"));

  /** Does what the person asked for: what went wrong before is old news now. Says whether it went well. */
  act(work: () => Promise<unknown>): Promise<boolean> {
    this.failure = null;
    return this.attempt(work);
  }

  /**
   * Runs `work`; what goes wrong is shown instead of thrown. Says whether it went well. What is shown already stays, so
   * that the window's own reading never wipes away what the person has not read.
   */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (reason) {
      const failure = asFailure(reason);
      if (failure.code !== "cancelled") this.failure = failure;
      return false;
    }
  }
}
