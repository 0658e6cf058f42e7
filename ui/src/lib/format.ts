// Numbers as a person reads them.

const UNITS = ["B", "kB", "MB", "GB"] as const;

/** 91 234 567 -> "91 MB"; one decimal below ten. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** 0..=1 of what is done, safe when the total is not known yet. */
export function share(done: number, total: number): number {
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
}
