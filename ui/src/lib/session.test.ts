import { beforeEach, expect, test, vi } from "vitest";
import { call } from "./api";
import { Session } from "./session.svelte";

vi.mock("./api", async (original) => ({ ...(await original<typeof import("./api")>()), call: vi.fn() }));

const noNetwork = { code: "models.no_network", message: "There is no network.", hint: "Connect, then try again." };

/** The program answers `answers[command]`, or fails with it where it is an error. */
function program(answers: Record<string, unknown>): void {
  vi.mocked(call).mockImplementation(((command: string) => {
    const answer = answers[command];
    return answer === noNetwork ? Promise.reject(answer) : Promise.resolve(answer);
  }) as typeof call);
}

beforeEach(() => vi.mocked(call).mockReset());

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
