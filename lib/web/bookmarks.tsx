/** Lines that the person has marked to come back to: which they are, and their list. */
import { signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { hueOf } from './colour.ts';
import { memory } from './memory.ts';
import { Sheet } from './sheet.tsx';
import type { Row } from './talk.ts';
import { clockOf } from './timing.ts';
import { Tool } from './tool.tsx';

/** What is kept of a marked line: where it is in the store, and enough to know it by. */
export type Mark = Pick<Row, 'position' | 'id' | 'ts' | 'text'>;

const MAX_MARKS = 1000;
const MAX_TEXT = 300;

export const marks = signal<readonly Mark[]>([]);

/** Mark a line, or no longer. */
export function toggleMark({ position, id, ts, text }: Row): boolean {
  const has = marks.value.some((mark) => mark.position === position);
  if (has) marks.value = marks.value.filter((mark) => mark.position !== position);
  else marks.value = [...marks.value, { position, id, ts, text: text.slice(0, MAX_TEXT) }].sort((a, b) => a.position - b.position).slice(-MAX_MARKS);
  return !has;
}

export function Bookmarks({ close, goTo }: { close: () => void; goTo: (mark: Mark) => void }): JSX.Element {
  const times = marks.value.map(({ ts }) => ts);
  const clock = clockOf(memory.value.time, Math.min(...times), Math.max(...times), true);
  return (
    <Sheet title="Bookmarks" close={close} kind="wide">
      {marks.value.length === 0 ? <p class="hint">No bookmark yet: m marks the line you are at, b goes from one to the next.</p> : null}
      <ul class="marks">
        {marks.value.map((mark) => (
          <li key={mark.position} style={{ '--hue': hueOf(mark.id) }}>
            <button
              type="button"
              class="mark"
              onClick={() => {
                close();
                goTo(mark);
              }}
            >
              <span class="time">{clock(mark.ts)}</span>
              <span class="tag">{mark.id}</span>
              <span class="text">{mark.text}</span>
            </button>
            <Tool
              label={`Remove the bookmark at ${clock(mark.ts)}`}
              icon="close"
              run={() => (marks.value = marks.value.filter((other) => other !== mark))}
            />
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
