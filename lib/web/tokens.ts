/** What can be told apart in any line, whoever wrote it: times, addresses, numbers and the like, for gentle colours. */

/** What a token is; it becomes its CSS class. A status is named by its first digit. */
export type Token =
  | 'time' | 'ip' | 'uuid' | 'url' | 'verb' | 'status2' | 'status3' | 'status4' | 'status5' | 'number' | 'string' | 'path' | 'key' | 'word'
  | 'level1' | 'level2' | 'level3' | 'level4' | 'level5' | 'level6';

/** Tokens in order, none within another: start, end and what it is. */
export type Found = { start: number; end: number; token: Token };

/** The most of a line that is looked at, characters, and the most tokens of one. */
export const MAX_TEXT = 4000;
const MAX_TOKENS = 400;

// Each alternative has bounded length, so that time is linear whatever the text. The order is that of preference at one place.
const GROUPS: [Token | 'status' | 'level' | 'quoted', string][] = [
  ['url', String.raw`\bhttps?:\/\/[^\s"'<>()\[\]{}|\\^${'`'}]{1,2000}`],
  ['uuid', String.raw`\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`],
  ['time', [
    String.raw`\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?(?![\d-])`,
    String.raw`\b\d{1,2}[-\/ ][A-Z][a-z]{2}[-\/ ]\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [+-]\d{4})?\b`,
    String.raw`\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4})?\b`,
    String.raw`\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\b(?!:)`,
  ].join('|')],
  ['ip', [
    String.raw`(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\/\d{1,2})?(?::\d{1,5})?(?![\w]|\.\d)`,
    String.raw`(?<![\w:.])(?![0-9a-fA-F:]{0,45}::[0-9a-fA-F:]{0,45}::)(?=[0-9a-fA-F:]{0,39}::|(?:[0-9a-fA-F]{1,4}:){7})(?:[0-9a-fA-F]{0,4}:){2,8}(?:[0-9a-fA-F]{1,4})?(?:%\w{1,15})?(?:\/\d{1,3})?(?![\w:])`,
  ].join('|')],
  ['status', String.raw`(?<=" |\bstatus[=: ]"?|\bstatus_code[=: ]"?|HTTP\/\d(?:\.\d)? )[1-5]\d\d(?![\w.])`],
  ['verb', String.raw`\b(?:GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS|CONNECT|TRACE)(?= [\/*h])`],
  ['level', String.raw`\b(?:TRACE|VERBOSE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|SEVERE|FATAL|CRIT(?:ICAL)?|ALERT|EMERG|PANIC)\b(?![-=/.])`],
  ['key', String.raw`(?<![\w.-])[A-Za-z_@][\w.@-]{0,63}(?==["\w\/\[{-])`],
  ['quoted', String.raw`"(?:[^"\\]|\\.){0,300}"|(?<![\w])'[^'\\]{1,200}'(?!\w)`],
  ['word', String.raw`(?<![\w.-])(?:true|false|null|nil|None|True|False|undefined|NaN)(?![\w-])`],
  ['path', String.raw`(?<![\w.:/])(?:~|\.{1,2})?\/(?:[\w.@+~%-]{1,200}\/){0,40}[\w.@+~%-]{1,200}\/?(?:\?[^\s"']{0,500})?`],
  ['number', [
    String.raw`(?<![\w.])0x[0-9a-fA-F]{1,16}\b`,
    String.raw`(?<![\w./-])-?\d{1,20}(?:[.,]\d{1,20}){0,6}(?:[eE][+-]?\d{1,3})?(?: ?(?:%|[nµu]s|ms|s|min|h|[kKMGT]i?B|B|bytes|[kMG]?bit\/s|Hz|req\/s)(?![\w/]))?(?![\w]|\.\w)`,
  ].join('|')],
];

const NAMES = GROUPS.map(([name]) => name);
const ANY = new RegExp(GROUPS.map(([, source]) => `(${source})`).join('|'), 'g');

const LEVELS: Record<string, Token> = {
  T: 'level1', V: 'level1', D: 'level2', I: 'level3', N: 'level3', W: 'level4', E: 'level5', S: 'level5',
  F: 'level6', C: 'level6', A: 'level6', P: 'level6',
};

/** Whatever can be told apart in the first 4,000 characters. Takes time linear in their number. */
export function tokensIn(text: string): Found[] {
  const seen = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
  const found: Found[] = [];
  let closing = -1; // the quote at the end of one that is read for itself
  ANY.lastIndex = 0;
  for (let match = ANY.exec(seen); match && found.length < MAX_TOKENS; match = ANY.exec(seen)) {
    const name = NAMES[groupOf(match)] ?? 'word';
    const text = match[0];
    const start = match.index;
    if (name === 'quoted') {
      if (start === closing) {
        ANY.lastIndex = start + 1;
        continue;
      }
      // What is quoted is read for itself where it says something that is worth more than being quoted.
      if (/^["'](?:https?:\/\/|(?:GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS|CONNECT|TRACE) )/.test(text)) {
        ANY.lastIndex = start + 1;
        closing = start + text.length - 1;
      } else found.push({ start, end: start + text.length, token: 'string' });
      continue;
    }
    const end = start + (name === 'url' ? trimUrl(text).length : text.length);
    ANY.lastIndex = end;
    found.push({ start, end, token: tokenOf(name, text) });
  }
  return found;
}

function groupOf(match: RegExpExecArray): number {
  for (let i = 1; i < match.length; i++) if (match[i] !== undefined) return i - 1;
  return 0;
}

function tokenOf(name: (typeof NAMES)[number], text: string): Token {
  if (name === 'level') return (text.startsWith('EM') ? 'level6' : LEVELS[text.charAt(0)]) ?? 'level3';
  if (name === 'status') return `status${text.startsWith('1') ? '2' : text.charAt(0)}` as Token;
  return name as Token;
}

/** Marks of punctuation at its end belong to the sentence around it. */
function trimUrl(url: string): string {
  return url.replace(/[.,;:!?]+$/, '');
}

/** Whether a token may be followed as a link: what it says is an address of the web, and nothing else. */
export function isLink(text: string): boolean {
  if (!/^https?:\/\/[^\s/]/i.test(text) || text.length > 2000) return false;
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}
