/** What is new below while the lines stand still, and the two ways on. */
import type { JSX } from 'preact';
import { tip } from './actions.ts';
import { counted } from './clock.ts';
import { Icon } from './icon.tsx';
import type { Choices } from './choices.ts';

type Props = { pane: Choices; resume: () => void; newest: () => void };

export function Pill({ pane, resume, newest }: Props): JSX.Element | null {
  if (pane.following.value) return null;
  const fresh = pane.fresh.value;
  const errors = pane.freshErrors.value;
  return (
    <div class={errors > 0 ? 'pill bad' : fresh > 0 ? 'pill some' : 'pill'}>
      <span class="said">
        {fresh > 0 ? `${counted(fresh)} new` : 'Paused'}
        {errors > 0 ? <b>{`, ${counted(errors)} ${errors === 1 ? 'error' : 'errors'}`}</b> : null}
      </span>
      {fresh > 0 ? (
        <button type="button" title={tip('resume')} onClick={resume}>
          <span>
            Resume<span class="long"> where I stopped</span>
          </span>
        </button>
      ) : null}
      <button type="button" class="newest" title={tip('newest')} onClick={newest}>
        <span>
          <span class="long">Jump to </span>newest
        </span>
        <Icon name="down" />
      </button>
    </div>
  );
}
