export type Devices = { input: Array<string>, output: Array<string>, };
