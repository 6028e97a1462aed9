/** The line at the foot: whether the page is connected, what it holds, and what is missing. */
import type { JSX } from 'preact';
import { counted, linesText, size } from './clock.ts';
import { away, clock, older, serverLost, serverMalformed, state } from './desk.ts';
import type { State } from './talk.ts';

export function Status({ retry, loadOlder }: { retry: () => void; loadOlder: () => void }): JSX.Element {
  const it = state.value;
  const link = it?.link ?? 'connecting';
  const lost = (it?.lost ?? 0) + serverLost.value;
  return (
    <>
      <span class={`link ${link}`}>
        <span class="lamp" />
        {linkText(it)}
      </span>
      {link === 'cut' ? (
        <span class="wait" aria-live="off">
          {waitText(it?.retry ?? 0)}
        </span>
      ) : null}
      {away.value ? (
        <button type="button" class="link-again" onClick={retry}>
          Try now
        </button>
      ) : null}
      <span class="facts" aria-live="off">
        <span title={it ? size(it.bytes) : ''}>{linesText(it?.held ?? 0)} held</span>
        {older.value > 0 ? (
          <button type="button" class="link-again" title="The server still holds them" onClick={loadOlder}>
            Load {counted(older.value)} older
          </button>
        ) : null}
        <Fact n={it?.dropped ?? 0} text="dropped" title="Lines that this page has dropped for newer ones" />
        <span class={lost > 0 ? 'bad' : ''} title="Lines that never came to the server">
          {counted(lost)} lost
        </span>
        <Fact n={it?.skipped ?? 0} text="not sent" title="Lines that the server had and this page was not given" bad />
        <Fact n={serverMalformed.value} text="not records" title="Lines that were no records: shown as unframed" />
        <Fact n={it?.repeated ?? 0} text="repeated" title="Lines that came again and were recognised" />
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

function waitText(retry: number): string {
  const seconds = Math.ceil((retry - clock.value) / 1000);
  return seconds > 0 ? `trying again in ${seconds} s` : 'trying again';
}

function linkText(it: State | undefined): string {
  if (it?.link === 'live') return 'Live';
  if (it?.link === 'denied') return 'Login refused';
  if (it?.link === 'cut') return 'Connection cut; nothing is forgotten';
  return 'Connecting';
}
