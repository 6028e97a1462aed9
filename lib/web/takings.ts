/** What each action does that takes something away from the page. */
import type { Runs } from './actions.ts';
import { counted, linesText } from './clock.ts';
import type { Hands } from './deeds.ts';
import * as desk from './desk.ts';
import { lineText } from './hash.ts';
import { copy, fileName, saveFile } from './share.ts';
import { MAX_STREAMS, shellCommand } from './shell.ts';
import type { Form } from './talk.ts';

export type Takings = Pick<Runs, 'link' | 'linkLine' | 'copy' | 'copyTold' | 'copyRecords' | 'saveText' | 'saveRecords' | 'shell'>;

export function makeTakings({ frame, exported, link }: Hands): Takings {
  const someShown = (): boolean => {
    const some = desk.focused.value.state.value?.matched !== 0;
    if (!some) desk.say('No line is shown');
    return some;
  };
  const copyLines = async (as: Form): Promise<void> => {
    if (!someShown()) return;
    const file = exported(as);
    await copy(file.then(({ blob }) => blob), file.then(({ lines }) => linesText(lines)));
  };
  const save = async (as: Form): Promise<void> => {
    if (!someShown()) return;
    const { blob, lines } = await exported(as);
    saveFile(blob, fileName(desk.focused.value.streams.value, new Date(), as === 'ndjson' ? 'ndjson' : 'log'));
    desk.say(`Saved ${linesText(lines)}`);
  };

  return {
    link: () => void copy(link(), 'a link to this view'),
    linkLine: () => {
      const { row } = frame().view;
      if (!row || row.run === '') return desk.say('This line has no name to link to', { bad: true });
      void copy(`${location.href.replace(/#.*/s, '')}#stream=${row.id}&line=${encodeURIComponent(lineText(row))}`, 'a link to this line');
    },
    copy: () => void copyLines('text'),
    copyTold: () => void copyLines('told'),
    copyRecords: () => void copyLines('ndjson'),
    saveText: () => void save('text'),
    saveRecords: () => void save('ndjson'),
    shell: () => {
      const { following: follow } = frame().view;
      const { choice, streams, around, after } = desk.focused.value;
      const { length } = streams.value ?? [];
      if (length > MAX_STREAMS) return desk.say(`A command can have ${MAX_STREAMS} streams, not ${counted(length)}`, { bad: true });
      const without = [...(after.value === undefined ? [] : ['what was cleared']), ...(around.value > 0 ? ['lines around matches'] : [])].join(' and of ');
      const what = `a command for a shell${without === '' ? '' : `, which knows nothing of ${without}`}`;
      void copy(shellCommand({ ...choice.value, base: location.href, follow, as: 'text' }), what);
    },
  };
}
