/** What is laid over the page for a moment, and a whole line. */
import type { JSX } from 'preact';
import type { ActionId } from './actions.ts';
import type { Mark } from './bookmarked.ts';
import { Bookmarks } from './bookmarks.tsx';
import { sheet, whole } from './desk.ts';
import { Help } from './help.tsx';
import { Palette } from './palette.tsx';
import { Settings } from './settings.tsx';
import { copy } from './share.ts';
import { Sheet } from './sheet.tsx';
import { Whole } from './whole.tsx';

export function Sheets({ run, goTo }: { run: (id: ActionId) => void; goTo: (mark: Mark) => void }): JSX.Element | null {
  const close = (): void => void (sheet.value = undefined);
  if (whole.value) return <Line />;
  if (sheet.value === 'help') return <Help close={close} />;
  if (sheet.value === 'settings') return <Settings close={close} />;
  if (sheet.value === 'palette') return <Palette run={run} close={close} />;
  if (sheet.value === 'bookmarks') return <Bookmarks close={close} goTo={goTo} />;
  return null;
}

function Line(): JSX.Element | null {
  const line = whole.value;
  if (!line) return null;
  return (
    <Sheet title={line.label.id === '' ? 'Note' : line.label.id} close={() => (whole.value = undefined)}>
      <Whole line={line} copy={(text, what) => void copy(text, what)} />
    </Sheet>
  );
}
