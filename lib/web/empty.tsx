/** What stands in place of lines where there are none: why, and what to do. */
import type { JSX } from 'preact';
import { counted } from './clock.ts';
import { known, pane, state } from './desk.ts';

export function Empty(): JSX.Element | null {
  const [now, shown] = [state.value, pane.value];
  if (!now || !shown || shown.end > shown.base || shown.search.state === 'searching') return null;
  if (shown.filters.length > 0) {
    return (
      <p>
        <b>No line matches</b>
        {counted(shown.lines)} {shown.lines === 1 ? 'line is' : 'lines are'} hidden by the filter; Esc clears it.
      </p>
    );
  }
  if (now.held > 0) return <p><b>No lines of the chosen streams</b>They are shown here as they come.</p>;
  if (now.link !== 'live') return null;
  return (
    <p>
      <b>{known.value.length === 0 ? 'No lines yet' : 'No lines held'}</b>
      They are shown here as they come, as from <code>tail -F access.log | lm-frame -i web1/nginx</code>
    </p>
  );
}
