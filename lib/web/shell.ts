/** A view as a command for a shell: what `curl` and `grep` make of the server's tail is what the page shows. */
import { ALL_LEVELS, LEVEL_NAMES } from '../level.ts';
import { literal, sourceOf } from './pattern.ts';
import type { Choice, Filter } from './talk.ts';

/** What the command shall show: `base` is the page's address. */
export type Wanted = Pick<Choice, 'streams' | 'filters' | 'levels' | 'from' | 'to'> & {
  base: string;
  /** Go on with what comes. */
  follow: boolean;
  as: 'text' | 'ndjson';
};

/** The server takes no longer pattern, and the names of no more streams (lm-serve(1), api/tail). */
const MAX_PATTERN = 1000;
export const MAX_STREAMS = 64;

/** What sgr.ts takes out of a line before it is searched, as GNU sed has it; by bytes, so that ranges are what they say. */
const PLAIN = String.raw`'s/\x1b\[[0-?]*[ -/]*[@-~]//g;s/\x1b]8;[^\x07\x1b]*\(\x07\|\x1b\\\)//g;s/\x1b(B//g'`;

/** A text as one word of a POSIX shell (XCU 2.2.2): within single quotes everything stands for itself but the quote. */
export function quoted(text: string): string {
  const safe = text.replaceAll('\0', '').replace(/\p{Cs}/gu, '\ufffd'); // half a pair is no UTF-8
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The command line, for sh. One filter that includes is left to the server, whose expressions are those of the page; each other is a
 * grep, whose -P is PCRE: the same for what people write, though not for every corner of JavaScript's expressions.
 *
 * Of more streams than MAX_STREAMS there is none. With `as` ndjson greps look at whole records. Levels and the time shown are left to the server; columns, folding and repeats are not in it.
 */
export function shellCommand({ base, streams, filters, levels, from, to, follow, as }: Wanted): string {
  const ofServer = filters.find((filter) => !filter.exclude && sourceOf(filter).length <= MAX_PATTERN);
  const words = ['curl', follow ? '-fsSN' : '-fsS', '-G', quoted(new URL('api/tail', base).href)];
  const put = (name: string, value: string): void => void words.push(/^[\w*,]+$/.test(value) ? '-d' : '--data-urlencode', quoted(`${name}=${value}`));
  if (as === 'text') put('as', 'text');
  put('lines', 'all');
  if (follow) put('follow', '1');
  for (const id of streams ?? []) put('id', id);
  if (levels !== ALL_LEVELS) put('level', LEVEL_NAMES.filter((_, bit) => (levels >> bit) & 1).join());
  if (from !== undefined) put('since', `${from}`);
  if (to !== undefined) put('until', `${to}`);
  if (ofServer) {
    put('match', sourceOf(ofServer));
    if (ofServer.fold) put('icase', '1');
  }
  const rest = filters.filter((filter) => filter !== ofServer);
  const stages = rest.map((filter, i) => grep(filter, follow && i + 1 < rest.length));
  const buffered = follow ? '-u ' : '';
  if (stages.length > 0) stages.unshift(`LC_ALL=C sed ${buffered}${PLAIN}`);
  return [words.join(' '), ...stages].join(' | ');
}

function grep(filter: Filter, buffered: boolean): string {
  const source = sourceOf(filter);
  const asText = source === literal(filter.source) && filter.mode === 'text' && !/[\n\0]/.test(source);
  const pattern = asText ? filter.source : forPcre(source);
  const flags = `-a${filter.fold ? 'i' : ''}${filter.exclude ? 'v' : ''}${asText ? 'F' : 'P'}`;
  return `grep ${buffered ? '--line-buffered ' : ''}${flags} -e ${quoted(pattern)}`;
}

/** What JavaScript and PCRE write differently. */
function forPcre(source: string): string {
  return source
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\0', String.raw`\x00`)
    .replace(/\\u([0-9a-fA-F]{4})/g, String.raw`\x{$1}`)
    .replaceAll('[^]', String.raw`[\s\S]`);
}
