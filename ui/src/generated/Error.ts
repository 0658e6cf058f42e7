export type Error = { code: string, message: string, hint: string, };
