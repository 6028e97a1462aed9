/** What stands in place of lines where there are none: why, and what to do. */
import type { JSX } from 'preact';
import { ALL_LEVELS } from '../level.ts';
import { counted } from './clock.ts';
import { known, state } from './desk.ts';
import type { Choices } from './choices.ts';

type Props = { pane: Choices; undo: () => void; unfilter: () => void };

export function Empty({ pane, undo, unfilter }: Props): JSX.Element | null {
  const now = pane.state.value;
  const link = state.value;
  if (!now || !link || now.end > now.base || now.search.state === 'searching') return null;
  if (link.held === 0) {
    if (link.link !== 'live') return null;
    if (known.value.length > 0) return <div class="nothing">The server is sending the lines that it holds.</div>;
    return (
      <div class="nothing">
        <b>No lines yet</b>
        <p>They are shown here as they come, for example from</p>
        <code>tail -F access.log | lm-frame -i web1/nginx | lm-serve</code>
      </div>
    );
  }
  if (pane.after.value !== undefined) {
    return (
      <div class="nothing">
        <b>Cleared</b>
        <p>Lines are shown here as they come.</p>
        <button type="button" class="tool wide" onClick={undo}>
          Undo clear
        </button>
      </div>
    );
  }
  const hidden = `${counted(now.lines)} ${now.lines === 1 ? 'line is' : 'lines are'} hidden`;
  if (now.lines > 0 && now.narrowed) {
    const by = pane.inForce.length > 0 ? 'the filter' : pane.levels.value !== ALL_LEVELS ? 'the levels' : 'the time selected';
    return (
      <div class="nothing">
        <b>No line matches</b>
        <p>
          {hidden} by {by}.
        </p>
        <button type="button" class="tool wide" onClick={unfilter}>
          Show all lines
        </button>
      </div>
    );
  }
  return (
    <div class="nothing">
      <b>No lines of the chosen streams</b>
      <p>They are shown here as they come.</p>
    </div>
  );
}
