/** How many lines a pane shows, and how many it hides: always in view, so that no forgotten filter misleads. */
import type { JSX } from 'preact';
import { counted, linesText } from './clock.ts';
import type { Choices } from './choices.ts';
import type { PaneState } from './talk.ts';

export function Tally({ pane }: { pane: Choices }): JSX.Element {
  const state = pane.state.value;
  return <p class="tally">{state ? tallied(state) : ''}</p>;
}

function tallied({ lines, matched, narrowed, search }: PaneState): JSX.Element {
  const searching = search.state === 'searching';
  const percent = `${Math.floor(search.progress * 100)}%`;
  if (searching && search.progress < 0.01) return <>searching… {percent}</>;
  if (!narrowed) return <>{linesText(lines)}</>;
  return (
    <>
      <b>{counted(matched)}</b> of {counted(lines)} lines match{searching ? ` so far (${percent})` : ''},{' '}
      <span class="hidden-count">{counted(Math.max(0, lines - matched))} hidden</span>
    </>
  );
}
