/** Bytes as hexdump -C shows them: what a line holds that cannot be seen. */

const WIDTH = 16;
/** The most bytes that are shown. */
export const MAX_HEX = 16_384;

/** Lines of `00000000  48 65 …  |He…|`, at most for 16 KiB; a last line tells how many bytes are left out. */
export function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  const end = Math.min(bytes.length, MAX_HEX);
  for (let at = 0; at < end; at += WIDTH) {
    const row = [...bytes.subarray(at, Math.min(end, at + WIDTH))];
    const pairs = row.map((byte) => byte.toString(16).padStart(2, '0'));
    const left = pairs.slice(0, 8).join(' ');
    const right = pairs.slice(8).join(' ');
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${`${left}  ${right}`.padEnd(WIDTH * 3)} |${text}|`);
  }
  if (end < bytes.length) lines.push(`and ${bytes.length - end} bytes more`);
  return lines.join('\n');
}
