/** A view as it stands behind the # of the address: so that it can be kept and sent to others. */
import { ALL_LEVELS, LEVEL_NAMES } from '../level.ts';
import { MAX_PANES, noChip, plainPane, type Chip, type Layout, type LineName, type PaneView, type Pattern } from './layout.ts';
import { TIME_MODES } from './timing.ts';

/*
 * `#stream=a&stream=b&filter=RE&and=RE&not.tc=TEXT&find=RE&level=warn&wrap=1&pane=&stream=c`: keys of a pane follow one another,
 * `pane` begins the next. After a pattern's key stand letters: t text, c case matters, o switched off, x (of filter) excludes. `off=1`
 * switches all filters of a pane off; `time=utc` is of the whole page.
 * `case=1` is how version 0.1.0 said that case matters in the filter.
 */

/** As many streams as lm-serve knows at most. */
const MAX = { streams: 10_000, filters: 50, columns: 50, around: 1000, pattern: 10_000 };

const flags = (p: Pattern & { on?: boolean }, own = ''): string => {
  const letters = own + (p.mode === 'text' ? 't' : '') + (p.fold ? '' : 'c') + (p.on === false ? 'o' : '');
  return letters === '' ? '' : `.${letters}`;
};

/** '' for everything as it is without being told. */
export function toHash({ panes, lock, lines, time }: Layout): string {
  const values = new URLSearchParams();
  panes.forEach((pane, i) => {
    if (i > 0) values.append('pane', '');
    putPane(values, pane);
  });
  if (lock) values.append('lock', '1');
  if (lines !== undefined) values.append('lines', String(lines));
  if (time !== undefined) values.append('time', time);
  const text = values.toString().replace(/%(2F|3A|40|2C)/g, (code) => decodeURIComponent(code)).replace(/&pane=(?=&|$)/g, '&pane');
  return text === '' ? '' : `#${text}`;
}

function putPane(values: URLSearchParams, pane: PaneView): void {
  const put = (key: string, value: string | number | undefined): void => void (value !== undefined && values.append(key, String(value)));
  for (const id of pane.streams ?? []) put('stream', id);
  if (pane.draft.source !== '') put(`filter${flags(pane.draft, pane.draft.exclude ? 'x' : '')}`, pane.draft.source);
  for (const chip of pane.filters) put(`${chip.exclude ? 'not' : 'and'}${flags(chip)}`, chip.source);
  if (pane.off) put('off', 1);
  if (pane.find.source !== '') put(`find${flags(pane.find)}`, pane.find.source);
  if (pane.levels !== ALL_LEVELS) put('level', LEVEL_NAMES.filter((_, bit) => (pane.levels >> bit) & 1).join(','));
  for (const name of pane.columns) put('column', name);
  if (pane.wrap !== undefined) put('wrap', pane.wrap ? 1 : 0);
  if (pane.repeats) put('repeats', 1);
  if (pane.stacks) put('stacks', 1);
  if (pane.around > 0) put('around', pane.around);
  put('from', pane.from);
  put('to', pane.to);
  put('cleared', pane.after);
  if (pane.at) put(pane.pointed ? 'line' : 'at', lineText(pane.at));
}

/** The same back; what cannot be read is left as it is without being told. */
export function fromHash(hash: string): Layout {
  const layout: Layout = { panes: [], lock: false, lines: undefined, time: undefined };
  let pane = plainPane();
  layout.panes.push(pane);
  let matchCase = false;
  for (const [whole, value] of new URLSearchParams(hash.replace(/^#/, ''))) {
    const [, key = '', letters = ''] = /^([a-z]+)(?:\.([a-z]+))?$/.exec(whole) ?? [];
    if (key === 'pane' && layout.panes.length < MAX_PANES) layout.panes.push((pane = plainPane()));
    else if (key === 'pane') break;
    else if (key === 'lock') layout.lock = value === '1';
    else if (key === 'lines') layout.lines = /^[1-9]\d{0,6}$/.test(value) ? Number(value) : undefined;
    else if (key === 'time') layout.time = TIME_MODES.find((mode) => mode === value);
    else if (key === 'case') matchCase = value === '1';
    else take(pane, key, letters, value);
  }
  const first = layout.panes[0];
  if (matchCase && first) first.draft = { ...first.draft, fold: false };
  return layout;
}

function take(pane: PaneView, key: string, letters: string, value: string): void {
  const setters: Record<string, () => void> = {
    stream: () => void ((pane.streams ??= []).length < MAX.streams && pane.streams.push(value)),
    filter: () => void (pane.draft = chipOf(value, letters, letters.includes('x'))),
    and: () => keep(pane, chipOf(value, letters, false)),
    not: () => keep(pane, chipOf(value, letters, true)),
    off: () => void (pane.off = value === '1'),
    find: () => void (pane.find = patternOf(value, letters)),
    level: () => void (pane.levels = levelsOf(value)),
    column: () => void (value !== '' && pane.columns.length < MAX.columns && pane.columns.push(value)),
    wrap: () => void (pane.wrap = value === '1'),
    repeats: () => void (pane.repeats = value === '1'),
    stacks: () => void (pane.stacks = value === '1'),
    around: () => void (pane.around = Math.min(MAX.around, whole(value) ?? 0)),
    from: () => void (pane.from = whole(value)),
    to: () => void (pane.to = whole(value)),
    cleared: () => void (pane.after = /^[^.]{1,100}\.\d{1,15}$/.test(value) ? value : undefined),
    at: () => point(pane, value, false),
    line: () => point(pane, value, true),
  };
  if (Object.hasOwn(setters, key)) setters[key]?.();
}

function keep(pane: PaneView, chip: Chip): void {
  if (chip.source !== '' && pane.filters.length < MAX.filters) pane.filters.push(chip);
}

function point(pane: PaneView, value: string, pointed: boolean): void {
  pane.at = lineOf(value);
  pane.pointed = pointed && pane.at !== undefined;
}

const patternOf = (source: string, letters: string): Pattern => ({
  source: source.slice(0, MAX.pattern),
  mode: letters.includes('t') ? 'text' : 'regex',
  fold: !letters.includes('c'),
});

const chipOf = (source: string, letters: string, exclude: boolean): Chip =>
  source === '' ? noChip : { ...patternOf(source, letters), exclude, on: !letters.includes('o') };

const whole = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

function levelsOf(text: string): number {
  const named = text.split(',');
  return LEVEL_NAMES.reduce((bits, name, bit) => bits | (named.includes(name) ? 1 << bit : 0), 0) || ALL_LEVELS;
}

/** `web1/nginx:k3x9:812`: neither run nor number holds a colon. */
export const lineText = ({ id, run, n }: LineName): string => `${id}:${run}:${n}`;

export function lineOf(text: string): LineName | undefined {
  const [, id, run, n] = /^(.{1,200}):([^:]{0,100}):(\d{1,15})$/s.exec(text) ?? [];
  return id === undefined || run === undefined ? undefined : { id, run, n: Number(n) };
}
