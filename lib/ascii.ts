/** Bytes as ASCII: digits, letters, and texts at a place. */

export const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

export const isLetter = (byte: number): boolean => (byte | 32) >= 97 && (byte | 32) <= 122;

/** Whether bytes[start, end) begin with a text. */
export function beginsWith(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

type Reader<T> = (bytes: Uint8Array, start: number, end: number) => T;

/** Reads what the first of these texts that a line begins with stands for, else `none`; their first bytes decide most lines. */
export function openings<T>(texts: readonly (readonly [string, T])[], none: T): Reader<T> {
  const firsts = new Uint8Array(256);
  for (const [text] of texts) firsts[text.charCodeAt(0)] = 1;
  return (bytes, start, end) => {
    if (firsts[bytes[start] as number] === 0) return none;
    for (const [text, means] of texts) if (beginsWith(bytes, start, end, text)) return means;
    return none;
  };
}
