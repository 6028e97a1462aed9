/** What is laid over the page for a moment, and a whole line. */
import type { JSX } from 'preact';
import type { ActionId } from './actions.ts';
import { Bookmarks, type Mark } from './bookmarks.tsx';
import { counted, moment } from './clock.ts';
import { sheet, whole } from './desk.ts';
import { Help } from './help.tsx';
import { Icon } from './icon.tsx';
import { Palette } from './palette.tsx';
import { segmentsOf } from './segments.ts';
import { Settings } from './settings.tsx';
import { copyText } from './share.ts';
import { Sheet } from './sheet.tsx';

/** The most of one line that is shown whole, characters. */
const MAX_WHOLE = 2_000_000;

export function Sheets({ run, goTo }: { run: (id: ActionId) => void; goTo: (mark: Mark) => void }): JSX.Element | null {
  const close = (): void => void (sheet.value = undefined);
  if (whole.value) return <Whole />;
  if (sheet.value === 'help') return <Help close={close} />;
  if (sheet.value === 'settings') return <Settings close={close} />;
  if (sheet.value === 'palette') return <Palette run={run} close={close} />;
  if (sheet.value === 'bookmarks') return <Bookmarks close={close} goTo={goTo} />;
  return null;
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
        <button type="button" class="tool wide" onClick={() => void copyText(text)}>
          <Icon name="copy" />
          <span>Copy as it came</span>
        </button>
      </p>
    </Sheet>
  );
}
