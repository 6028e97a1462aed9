/** What is laid over the page for a moment: a whole line, and the keys. */
import type { JSX } from 'preact';
import { counted, moment } from './clock.ts';
import { helpOpen, whole } from './desk.ts';
import { Icon } from './icon.tsx';
import { segmentsOf } from './segments.ts';

/** The most of one line that is shown whole, characters. */
const MAX_WHOLE = 2_000_000;

const KEYS: [string, string][] = [
  ['/', 'filter'],
  ['Space', 'pause, follow'],
  ['Esc', 'clear the filter'],
  ['↑ ↓', 'one line'],
  ['PageUp PageDown', 'one page'],
  ['Home', 'oldest line held'],
  ['End', 'newest line, and follow'],
  ['a', 'all streams'],
  ['w', 'wrap long lines'],
  ['t', 'theme: auto, dark, light'],
  ['?', 'this list'],
];

/** A dialog that is open exactly while it is drawn. */
function Sheet({ title, close, children }: { title: string; close: () => void; children: JSX.Element | JSX.Element[] }): JSX.Element {
  return (
    <dialog
      aria-label={title}
      ref={(element) => {
        if (element && !element.open) element.showModal();
      }}
      onClose={close}
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="sheet">
        <header>
          <h2>{title}</h2>
          <button type="button" class="tool" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function Sheets(): JSX.Element | null {
  if (whole.value) return <Whole />;
  return helpOpen.value ? <Help /> : null;
}

function Help(): JSX.Element {
  return (
    <Sheet title="Keys" close={() => (helpOpen.value = false)}>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((k) => (
                <kbd key={k}>{k}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>
        Click a stream to see it alone; tick it, or click it with Ctrl or Shift, to see it with others. Click the time of a line to see
        all of it.
      </p>
      <p>
        Scrolling up, a selection or a key stops the lines where they are; new ones are counted, and none is missed. The address holds
        streams, filter and wrapping: send it to show others what you see.
      </p>
    </Sheet>
  );
}

/** Over plain HTTP browsers give no clipboard: then the text is selected, for Ctrl-C. */
function copy(text: string): void {
  const shown = document.querySelector('.whole-text');
  if (navigator.clipboard) void navigator.clipboard.writeText(text);
  else if (shown) document.getSelection()?.selectAllChildren(shown);
}

function Whole(): JSX.Element | null {
  const line = whole.value;
  if (!line) return null;
  const { label, text, tail } = line;
  const { plain, segments } = segmentsOf(text.slice(0, MAX_WHOLE), []);
  const visible = segments.length > 0 ? segments.map((s) => s.text).join('') : plain;
  const facts: [string, string][] = [
    ['time', moment(label.ts)],
    ['stream', label.id],
    ...(label.run === '' ? [] : ([['run', label.run], ['number', counted(label.n)]] as [string, string][])),
    ['length', `${counted(text.length)} characters`],
    ...(tail !== '' ? ([['also', `{${tail.replace(/^,|}$/g, '')}}`]] as [string, string][]) : []),
  ];
  return (
    <Sheet title={label.id === '' ? 'Note' : label.id} close={() => (whole.value = undefined)}>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <pre class="whole-text" tabIndex={0}>
        {visible}
      </pre>
      <p class="actions">
        <button type="button" class="tool wide" onClick={() => copy(text)}>
          <Icon name="copy" />
          <span>Copy as it came</span>
        </button>
      </p>
    </Sheet>
  );
}
