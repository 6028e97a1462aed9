/** What an entry of the systemd journal says, out of a line of `journalctl -o json` (systemd.journal-fields(7), "JSON Format"). */
import { MAX_ID } from './stream-id.ts';

/** Names of the priorities 0 to 7, as syslog(3) has them. */
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
/** journalctl writes null for a long field unless it is told otherwise. */
const LEFT_OUT = '[message left out by journalctl: give it --all]';

export type JournalEntry = { host: string; unit: string; ts: number; level: string | undefined; message: Buffer };

/** The text under `key`: a field that stands there twice is an array, of which the first counts. */
function fieldOf(entry: Record<string, unknown>, key: string): string | undefined {
  const value: unknown = entry[key];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : undefined;
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}

/** A message that is no UTF-8, or holds control characters, comes as an array of its bytes. */
function messageOf(value: unknown): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value);
  if (value === null) return Buffer.from(LEFT_OUT);
  if (!Array.isArray(value)) return undefined;
  if (value.every(isByte)) return Buffer.from(value);
  const first: unknown = value[0]; // the field stands there twice
  if (typeof first === 'string') return Buffer.from(first);
  return Array.isArray(first) && first.every(isByte) ? Buffer.from(first) : undefined;
}

/** The unit an entry is about: of what systemd itself says of a unit, that unit; without any, the program's name. */
function unitOf(entry: Record<string, unknown>): string {
  const of = (key: string): string | undefined => fieldOf(entry, key);
  const about = of('_PID') === '1' ? of('UNIT') : undefined;
  const unit = about ?? of('_SYSTEMD_UNIT');
  if (unit !== undefined && unit !== 'init.scope') return unit.replace(/\.service$/, '');
  return of('_TRANSPORT') === 'kernel' ? 'kernel' : (of('SYSLOG_IDENTIFIER') ?? of('_COMM') ?? 'journal');
}

/** The entry in a line; undefined when it holds none. Never throws. */
export function parseEntry(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entry = value as Record<string, unknown>;
  const message = messageOf(entry['MESSAGE']);
  const usec = Number(fieldOf(entry, '__REALTIME_TIMESTAMP'));
  if (message === undefined || !(Number.isSafeInteger(usec) && usec >= 0)) return undefined;
  return {
    host: fieldOf(entry, '_HOSTNAME') ?? '',
    unit: unitOf(entry),
    ts: Math.floor(usec / 1000),
    level: LEVELS[Number(fieldOf(entry, 'PRIORITY') ?? NaN)],
    message,
  };
}

/** A stream id out of names of any kind: what may not be in one becomes `_`, and it is cut to its limit. */
export function toStreamId(prefix: string, name: string): string {
  const id = `${prefix}/${name}`.replace(/[^A-Za-z0-9._/@:-]/g, '_').replaceAll('..', '._').replace(/^[^A-Za-z0-9]+/, '');
  return id.slice(0, MAX_ID) || 'journal';
}
