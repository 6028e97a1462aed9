/** A line as a whole: as it came, its fields, its record, and its bytes; each to be copied. */
import { signal } from '@preact/signals-core';
import { Fragment, type JSX } from 'preact';
import type { Label } from './kind.ts';
import { counted, moment, size } from './clock.ts';
import { hexOf } from './hex.ts';
import { recordText } from './record-text.ts';
import { segmentsOf } from './segments.ts';
import { escapedText, plainText } from './sgr.ts';
import { structureOf } from './structure.ts';
import { isLink, tokensIn } from './tokens.ts';
import { pathName, said, type Node } from './tree.ts';

/** A line as the feed worker tells it. */
export type WholeLine = { label: Label; text: string; tail: string };

/** The most of one line that is shown, characters; all of it is copied. */
const MAX_SHOWN = 2_000_000;
const MAX_FIELDS = 500;

const SIDES = ['line', 'fields', 'record', 'bytes'] as const;
type Side = (typeof SIDES)[number];
const TITLES: Record<Side, string> = { line: 'Line', fields: 'Fields', record: 'Record', bytes: 'Bytes' };
/** The side shown stays for the next line. */
const side = signal<Side>('line');

/** The fields of a line, and of its record beyond the text, as name and value; none for a line without structure. */
export function fieldsOf({ text, tail }: WholeLine): [string, string][] {
  const fields: [string, string][] = [];
  for (const source of [plainText(text), tail === '' ? '' : `{${tail.slice(1)}`]) {
    const structure = structureOf(source);
    const walk = (node: Node, keys: string[]): void => {
      for (const item of node.items) {
        if (fields.length >= MAX_FIELDS) return;
        const own = [...keys, item.key];
        if (item.items.length > 0) walk(item, own);
        else fields.push([pathName(own), said(source, item)]);
      }
    };
    if (structure) walk(structure.root, []);
  }
  return fields;
}

/** `copy` puts a text on the clipboard, `done` says what was copied. */
export function Whole({ line, copy }: { line: WholeLine; copy: (text: string, what: string) => void }): JSX.Element {
  const { label, text, tail } = line;
  const fields = fieldsOf(line);
  const bytes = new TextEncoder().encode(text);
  const sides = SIDES.filter((one) => one !== 'fields' || fields.length > 0).filter((one) => one !== 'record' || label.id !== '');
  const shown = sides.includes(side.value) ? side.value : 'line';
  const facts: [string, string][] = [
    ['time', moment(label.ts)],
    ...(label.run === '' ? [] : ([['run', label.run], ['number', counted(label.n)]] as [string, string][])),
    ['length', text.length < 1000 ? `${text.length} characters` : `${size(bytes.length)}, ${counted(text.length)} characters`],
  ];
  return (
    <Fragment>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="sides" role="tablist" aria-label="The line as">
        {sides.map((one) => (
          <button key={one} type="button" role="tab" aria-selected={one === shown} tabIndex={one === shown ? 0 : -1} onClick={() => (side.value = one)} onKeyDown={(event) => walk(event, sides, one)}>
            {TITLES[one]}
          </button>
        ))}
      </div>
      <div class="side" role="tabpanel" aria-label={TITLES[shown]}>
        {shown === 'fields' ? <Fields fields={fields} /> : <pre class="whole-text" tabIndex={0}>{contentOf(shown, line, bytes)}</pre>}
      </div>
      <p class="actions">
        <button type="button" class="tool wide" onClick={() => copy(text, 'the line as it came')}>Copy line</button>
        {label.id === '' ? null : <button type="button" class="tool wide" onClick={() => copy(recordText(label, text, tail), 'the record')}>Copy record</button>}
      </p>
    </Fragment>
  );
}

function walk(event: KeyboardEvent & { currentTarget: HTMLButtonElement }, sides: readonly Side[], one: Side): void {
  const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (by === 0) return;
  event.preventDefault();
  side.value = sides[(sides.indexOf(one) + by + sides.length) % sides.length] ?? 'line';
  const next = event.currentTarget.parentElement?.children[sides.indexOf(side.value)];
  if (next instanceof HTMLElement) next.focus();
}

function contentOf(shown: Side, line: WholeLine, bytes: Uint8Array): JSX.Element | string {
  if (shown === 'bytes') return hexOf(bytes);
  const { label, text, tail } = line;
  if (shown === 'record') return escapedText(recordText(label, text, tail).slice(0, MAX_SHOWN));
  return <Linked text={text.slice(0, MAX_SHOWN)} />;
}

function Fields({ fields }: { fields: [string, string][] }): JSX.Element {
  return (
    <dl class="whole-fields" tabIndex={0}>
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Linked text={value} lines />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Text with all that cannot be seen escaped, and its addresses as links. */
function Linked({ text, lines = false }: { text: string; lines?: boolean }): JSX.Element {
  const { plain, segments } = segmentsOf(text, []);
  const visible = lines ? escapedText(plainText(text), true) : segments.length > 0 ? segments.map((one) => one.text).join('') : plain;
  const parts: (JSX.Element | string)[] = [];
  let from = 0;
  for (const { start, end, token } of tokensIn(visible)) {
    const url = visible.slice(start, end);
    if (token !== 'url' || !isLink(url)) continue;
    parts.push(visible.slice(from, start), <a key={start} href={url} target="_blank" rel="noopener noreferrer">{url}</a>);
    from = end;
  }
  return <Fragment>{...parts}{visible.slice(from)}</Fragment>;
}
