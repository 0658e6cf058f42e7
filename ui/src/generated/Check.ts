export type Check = { check: string, status: "ok" | "warn" | "fail", detail: string, remedy: string, };
