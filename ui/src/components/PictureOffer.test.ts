// @vitest-environment jsdom
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PictureOffer as Offer } from "../generated/PictureOffer";
import { call } from "../lib/api";
import { SETTLES_MS } from "../lib/picture";
import { Session } from "../lib/session.svelte";
import PictureOffer from "./PictureOffer.svelte";

vi.mock("../lib/api", async (original) => ({
  ...(await original<typeof import("../lib/api")>()),
  call: vi.fn(() => Promise.resolve(null)),
}));

const offer = (number: number): Offer => ({
  offer: number,
  host: "127.0.0.1:11434",
  question: "What is this?",
  width: 640,
  height: 480,
  bytes: 3,
  window: null,
  application: null,
  notes: [],
  seconds_left: 60,
  picture: "data:image/png;base64,AQID",
});

let shown: ReturnType<typeof mount> | undefined;

function show(number: number) {
  const session = new Session();
  // The program may have another one by the time of the click.
  session.picture = offer(number + 1);
  shown = mount(PictureOffer, { target: document.body, props: { offer: offer(number), session } });
  flushSync();
}

const button = (words: string) =>
  [...document.querySelectorAll("button")].find((one) => one.textContent === words) as HTMLButtonElement;

function inSight(is: boolean) {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(is ? "visible" : "hidden");
  document.dispatchEvent(new Event("visibilitychange"));
  flushSync();
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.mocked(call).mockClear();
  inSight(true);
});

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = undefined;
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a picture can be sent when it has been in sight for a moment, and it is the one that is shown", () => {
  show(3);
  button("Send").click();
  vi.advanceTimersByTime(SETTLES_MS - 1);
  flushSync();
  button("Send").click();
  expect(call).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  flushSync();
  button("Send").click();
  expect(vi.mocked(call).mock.calls).toEqual([["send_picture", { offer: 3 }]]);
});

test("the moment begins when the window comes into sight", () => {
  inSight(false);
  show(3);
  vi.advanceTimersByTime(10 * SETTLES_MS);
  flushSync();
  expect(button("Send").disabled).toBe(true);
  inSight(true);
  expect(button("Send").disabled).toBe(true);
  vi.advanceTimersByTime(SETTLES_MS);
  flushSync();
  expect(button("Send").disabled).toBe(false);
  inSight(false);
  expect(button("Send").disabled).toBe(true);
});

test("the picture that is shown can be refused at once", () => {
  show(3);
  button("Don’t send").click();
  expect(vi.mocked(call).mock.calls).toEqual([["refuse_picture", { offer: 3 }]]);
});

test("how long it is still offered is counted down", () => {
  show(3);
  const told = () => /gone.*/.exec(document.querySelector(".told")?.textContent ?? "")?.[0]?.trim();
  expect(told()).toBe("gone in 60 s");
  vi.advanceTimersByTime(18_000);
  flushSync();
  expect(told()).toBe("gone in 42 s");
  vi.advanceTimersByTime(60_000);
  flushSync();
  expect(told()).toBe("gone");
  expect(vi.getTimerCount()).toBe(0);
});
