/** The line below: whether the page is connected, what it holds, and what is missing. */
import type { JSX } from 'preact';
import { counted, size } from './clock.ts';
import { serverFirst, serverLost, serverMalformed, state } from './desk.ts';
import type { State } from './talk.ts';

export function Status({ retry, loadAll }: { retry: () => void; loadAll: () => void }): JSX.Element {
  const now = state.value;
  const link = now?.link ?? 'connecting';
  const older = now && now.firstEntry > 0 && serverFirst.value > 0 ? now.firstEntry - serverFirst.value : 0;
  const lost = Math.max(now?.lost ?? 0, serverLost.value);
  return (
    <>
      <span class={`link ${link}`}>
        <span class="lamp" />
        {linkText(now)}
      </span>
      {link === 'cut' || link === 'denied' ? (
        <button type="button" class="link-again" onClick={retry}>
          Try now
        </button>
      ) : null}
      <span class="facts" aria-live="off">
        <span title={now ? size(now.bytes) : ''}>{counted(now?.held ?? 0)} lines held</span>
        {older > 0 ? (
          <button type="button" class="link-again" title="Begin again with all lines that the server holds" onClick={loadAll}>
            Load {counted(older)} older
          </button>
        ) : null}
        <Fact n={now?.dropped ?? 0} text="dropped" title="Lines that this page held once and has dropped for newer ones" />
        <span class={lost > 0 ? 'bad' : ''} title="Lines that never came to the server">{counted(lost)} lost</span>
        <Fact n={now?.skipped ?? 0} text="not sent" title="Lines that the server had and this page was not given" bad />
        <Fact n={serverMalformed.value} text="not records" title="Lines that came to the server and were no records: shown as unframed" />
        <Fact n={now?.repeated ?? 0} text="repeated" title="Lines that came again and were recognised" />
      </span>
    </>
  );
}

function Fact({ n, text, title, bad }: { n: number; text: string; title: string; bad?: boolean }): JSX.Element | null {
  return n > 0 ? (
    <span class={bad ? 'bad' : ''} title={title}>
      {counted(n)} {text}
    </span>
  ) : null;
}

function linkText(now: State | undefined): string {
  if (now?.link === 'live') return 'Live';
  if (now?.link === 'denied') return 'Login refused';
  if (now?.link === 'cut') return 'Connection cut, trying again; nothing is forgotten';
  return 'Connecting';
}
