import { expect, it } from "vitest";
import { bytes, share } from "./format";

it("writes sizes as people read them", () => {
  expect([0, 999, 1000, 2_340_000, 91_234_567, 5_400_000_000].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "2.3 MB",
    "91 MB",
    "5.4 GB",
  ]);
});

it("keeps shares between nothing and all", () => {
  expect([share(1, 0), share(1, 4), share(9, 4)]).toEqual([0, 0.25, 1]);
});
