/** The list of bookmarks. */
import type { JSX } from 'preact';
import { marks, type Mark } from './bookmarked.ts';
import { hueOf } from './colour.ts';
import { memory } from './memory.ts';
import { Sheet } from './sheet.tsx';
import { clockOf } from './timing.ts';
import { Tool } from './tool.tsx';

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
