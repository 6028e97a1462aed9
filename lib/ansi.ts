/** Takes terminal escape sequences (ECMA-48: colours, cursor, titles, links) out of text. */

const ESC = 0x1b;
const C1_CSI = Buffer.from('\u009b');

// The sequences that carry a string (DCS, SOS, OSC, PM, APC) end at BEL, as xterm has it, or at ST. ESC, CAN, SUB and another opening
// break them off, so no scan reaches past the next opening, and time stays linear whatever the text.
const STRING = '(?:\\x1b[PX\\]^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x18\\x1a\\x1b\\x90\\x98\\x9b-\\x9f]*';
const CONTROL = '(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*';

// In this order: of a sequence without an end, the last two alternatives take the opening only.
const FINISHED = `${CONTROL}[@-~]|${STRING}(?:\\x07|\\x1b\\\\|\\x9c)|\\x1b[ -/]+[0-~]`;
const SEQUENCE = new RegExp(`${FINISHED}|\\x1b[0-~]?|[\\x90\\x98\\x9b\\x9d-\\x9f]`, 'g');
const UNFINISHED = new RegExp(`(?:${CONTROL}|${STRING}\\x1b?|\\x1b[ -/]*)$`);

/** Whether bytes (UTF-8) may hold an escape sequence: an ESC, or the one-character CSI (no program writes the others). */
export function mayHoldEscapes(bytes: Buffer): boolean {
  return bytes.includes(ESC) || bytes.includes(C1_CSI);
}

/**
 * The text without its escape sequences, in time linear in its length.
 *
 * A sequence without an end loses only its opening: a terminal would hide all that follows, and here it may be what somebody looks for.
 */
export function stripAnsi(text: string): string {
  return text.replace(SEQUENCE, '');
}

/** Where the sequence begins that more text could finish; the length of the text when there is none. */
export function unfinishedEscape(text: string): number {
  const at = text.search(UNFINISHED);
  return at < 0 ? text.length : at;
}
