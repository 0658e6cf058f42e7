export type SettingValue = { path: string, value: unknown, restart: boolean, overridden_by: string | null, };
