export type Route = "pattern" | "learned" | "model" | "remote";
