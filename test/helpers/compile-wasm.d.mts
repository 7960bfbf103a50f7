/** Types of compile-wasm.mjs. */

export function compile(change?: (name: string, text: string) => string): Promise<Uint8Array>;
export function moduleText(bytes: Uint8Array): string;
