import { beforeEach, expect, test, vi } from "vitest";
import type { EventRecord } from "../generated/EventRecord";
import { call, follow } from "./api";
import { Session } from "./session.svelte";

vi.mock("./api", async (original) => ({
  ...(await original<typeof import("./api")>()),
  call: vi.fn(),
  follow: vi.fn(),
}));

const noNetwork = { code: "models.no_network", message: "There is no network.", hint: "Connect, then try again." };

/** The program answers `answers[command]`, or fails with it where it is an error. */
function program(answers: Record<string, unknown>): void {
  vi.mocked(call).mockImplementation(((command: string) => {
    const answer = answers[command];
    return answer === noNetwork ? Promise.reject(answer) : Promise.resolve(answer);
  }) as typeof call);
}

beforeEach(() => {
  vi.mocked(call).mockReset();
  vi.mocked(follow).mockReset();
});

test("a look that is over at once is seen all the same", async () => {
  vi.useFakeTimers();
  program({ overview: { status: null } });
  let tell: (record: EventRecord) => void = () => undefined;
  vi.mocked(follow).mockImplementation((onEvent) => {
    tell = onEvent;
    return Promise.resolve([]);
  });
  const session = new Session();
  await session.start();
  const look = (looking: boolean) =>
    tell({ t_ms: 1, turn: null, event: "looking", looking, reason: "to read ahead", source: null });
  look(true);
  expect(session.looking).toBe(true);
  look(false);
  vi.advanceTimersByTime(700);
  expect([session.looking, session.looks]).toEqual([true, 1]);
  vi.advanceTimersByTime(100);
  expect(session.looking).toBe(false);
  look(true);
  vi.advanceTimersByTime(60_000);
  expect(session.looking).toBe(true);
  look(false);
  vi.advanceTimersByTime(0);
  expect(session.looking).toBe(false);
  vi.useRealTimers();
});

test("a failed install stays on show when the window reads again how things stand", async () => {
  program({ pull_models: noNetwork, overview: { status: null } });
  const session = new Session();
  await session.install(["silero-vad"]);
  expect(session.failure).toEqual(noNetwork);
  expect(session.installing.size).toBe(0);
  await session.refresh();
  expect(session.failure).toEqual(noNetwork);
});

test("the next thing that the person asks for clears it", async () => {
  program({ pull_models: noNetwork, overview: { status: null } });
  const session = new Session();
  await session.install(["silero-vad"]);
  await session.talk();
  expect(session.failure).toBeNull();
});

const offer = (number: number) => ({ offer: number, host: "127.0.0.1:11434", question: "What is this?" });

test("a picture that is offered is shown, sent by its number, and gone when it is", async () => {
  const answers: Record<string, unknown> = { overview: { status: null }, picture_offer: offer(3) };
  program(answers);
  let tell: (record: EventRecord) => void = () => undefined;
  vi.mocked(follow).mockImplementation((onEvent) => {
    tell = onEvent;
    return Promise.resolve([]);
  });
  const session = new Session();
  await session.start();
  expect(session.picture?.offer).toBe(3);
  answers["picture_offer"] = offer(4);
  tell({ t_ms: 1, turn: 1, event: "picture_offer", offer: 4 });
  await vi.waitFor(() => expect(session.picture?.offer).toBe(4));
  expect(call).not.toHaveBeenCalledWith("send_picture", expect.anything());
  await session.sendPicture(4);
  expect(call).toHaveBeenCalledWith("send_picture", { offer: 4 });
  answers["picture_offer"] = null;
  tell({ t_ms: 2, turn: 1, event: "picture_offer", offer: null });
  await vi.waitFor(() => expect(session.picture).toBeNull());
});

test("an offer that was overtaken is not shown", async () => {
  program({ overview: { status: null }, picture_offer: null });
  let tell: (record: EventRecord) => void = () => undefined;
  vi.mocked(follow).mockImplementation((onEvent) => {
    tell = onEvent;
    return Promise.resolve([]);
  });
  const session = new Session();
  await session.start();
  let slow: (value: unknown) => void = () => undefined;
  const waits = () => new Promise<never>((answer) => (slow = answer as (value: unknown) => void));
  vi.mocked(call).mockImplementationOnce(waits as typeof call);
  tell({ t_ms: 1, turn: 1, event: "picture_offer", offer: 1 });
  tell({ t_ms: 2, turn: 1, event: "picture_offer", offer: null });
  slow(offer(1));
  await Promise.resolve();
  expect(session.picture).toBeNull();
});
