#!/usr/bin/env node
/** lm-frame: turn lines of text into records, tagged with a stream id; with -d turn records back into lines. */
import { EXIT, note, onStop, optionOf, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import { openStdin } from '../lib/input.ts';
import { openStdout } from '../lib/output.ts';
import { showProgress, type Counters } from '../lib/progress.ts';
import { parseSize, parseTime } from '../lib/quantity.ts';
import { isStreamId } from '../lib/stream-id.ts';
import { MAX_MESSAGE, newRun } from '../lib/record-writer.ts';
import { withTicks } from '../lib/ticks.ts';
import { Deframer } from '../lib/deframe.ts';
import { Framer, MIN_MAX } from '../lib/framer.ts';
import { JournalFramer } from '../lib/journal-framer.ts';

const command: Command = {
  name: 'lm-frame',
  about: 'turn lines of text into records, and back',
  options: {
    beat: { value: 'time', help: 'write a sign of life after so long without a line, and one at the end' },
    decode: { letter: 'd', help: 'turn records back into lines' },
    field: { letter: 'f', value: 'key=value', many: true, help: 'add a key to every record' },
    from: { value: 'journal', help: 'read entries, as journalctl -f -a -o json writes them: unit as id, time, priority as level' },
    id: { letter: 'i', value: 'id', help: 'stream id (or LM_ID in the environment)' },
    join: { letter: 'j', value: 'regex', help: 'lines that match continue the record before' },
    'join-wait': { value: 'time', default: '200ms', help: 'how long to wait for such a line' },
    max: { letter: 'm', value: 'bytes', default: '64k', help: 'the most bytes of a line in one record' },
    strip: { letter: 's', help: 'take terminal colours and other escape sequences out' },
    time: { letter: 't', help: 'take the time from the line, where it has one' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
  },
};

/** How long (ms) -d lets records wait for the rest of another stream's line. */
const DECODE_WAIT = 1000;
/** Keys that mean something to readers of records. */
const RESERVED = new Set(['id', 'run', 'n', 'ts', 'msg', 'more', 'beat', 'end', 'bad']);
const FRAMING = ['beat', 'field', 'from', 'id', 'join', 'join-wait', 'max', 'strip', 'time'];

function idOf(args: Args): string | undefined {
  const id = args.value('id') ?? (process.env['LM_ID'] || undefined);
  if (id === undefined || isStreamId(id)) return id;
  throw new UsageError(`bad stream id ${id}: letters, digits and ._/@:- are allowed, at most 128, and no ..`);
}

function fieldsOf(args: Args): [key: string, value: string][] {
  const fields = new Map<string, string>();
  for (const field of args.all('field')) {
    const [, key = '', value = ''] = /^([A-Za-z_][A-Za-z0-9_.-]{0,63})=(.*)$/s.exec(field) ?? [];
    if (!key) throw new UsageError(`option --field: ${field} is not key=value`);
    if (RESERVED.has(key)) throw new UsageError(`option --field: ${key} is a key of the record itself`);
    if (fields.has(key)) throw new UsageError(`option --field: ${key} given twice`);
    fields.set(key, value);
  }
  return [...fields];
}

/** What turns the input into records, by the options. */
function framerOf(args: Args): Framer | JournalFramer {
  if (args.has('join-wait') && !args.has('join')) throw new UsageError('option --join-wait is nothing without --join');
  const join = args.has('join') ? optionOf(args, 'join', (text) => new RegExp(text)) : undefined;
  const max = optionOf(args, 'max', (text) => parseSize(text, MIN_MAX, MAX_MESSAGE));
  const [id, fields, strip, time] = [idOf(args), fieldsOf(args), args.has('strip'), args.has('time')];
  const from = args.value('from') ?? 'lines';
  if (args.has('from') && from !== 'journal') throw new UsageError(`option --from takes journal, not ${from}`);
  if (args.has('from') && (time || join)) throw new UsageError(`option --${time ? 'time' : 'join'} is nothing with --from journal`);
  if (!args.has('from') && id === undefined) throw new UsageError('no stream id: give --id or LM_ID');
  try {
    if (args.has('from')) return new JournalFramer({ prefix: id ?? '', newRun, fields, max, strip });
    return new Framer({ id: id ?? '', run: newRun(), fields, max, time, strip, ...(join ? { join } : {}) });
  } catch (err) {
    throw new UsageError(`option --field: ${err instanceof Error ? err.message : err}`);
  }
}

async function frame(args: Args): Promise<number> {
  const joinWait = optionOf(args, 'join-wait', (text) => parseTime(text, 1, 60_000));
  const beat = args.has('beat') ? optionOf(args, 'beat', (text) => parseTime(text, 100, 3_600_000)) : Infinity;
  const framer = framerOf(args);
  const [input, output] = [openStdin(), openStdout()];
  const counters = (): Counters => ({
    lines: framer.lines, bytes: input.bytes, records: framer.n, split: framer.split, 'not UTF-8': framer.replaced,
  });
  const progress = showProgress(args.has('verbose'), counters);
  onStop(() => void input.leave());
  let settleAt = Infinity;
  let beatAt = performance.now() + beat;
  const put = async (blocks: Iterable<Buffer>): Promise<void> => {
    for (const block of blocks) {
      await output.write(block);
      beatAt = performance.now() + beat;
    }
  };
  for await (const chunk of withTicks(input, () => Math.min(settleAt, beatAt))) {
    const now = performance.now();
    if (chunk) await put(framer.push(chunk, Date.now()));
    else if (settleAt <= now) await put(framer.settle(Date.now()));
    else if (beatAt <= now) await put([framer.sign('beat', Date.now())]);
    if (chunk || settleAt <= now) settleAt = framer.waiting ? performance.now() + joinWait : Infinity;
  }
  await put(framer.end(Date.now()));
  if (beat < Infinity) await put([framer.sign('end', Date.now())]);
  progress.stop();
  if (framer.split > 0) note(`lines longer than ${args.value('max')}, in several records: ${framer.split}`);
  if (framer.replaced > 0) note(`lines with bytes that are not UTF-8, replaced: ${framer.replaced}`);
  if ('strangers' in framer && framer.strangers > 0) note(`lines that are no journal entries, framed as they are: ${framer.strangers}`);
  return EXIT.ok;
}

async function decode(args: Args): Promise<number> {
  const unfit = FRAMING.find((name) => args.has(name));
  if (unfit) throw new UsageError(`option --${unfit} is nothing with --decode`);
  const deframer = new Deframer();
  const [input, output] = [openStdin(), openStdout()];
  const progress = showProgress(args.has('verbose'), () => ({
    lines: deframer.lines, bytes: input.bytes, 'not records': deframer.strangers, torn: deframer.torn,
  }));
  onStop(() => void input.leave());
  let releaseAt = Infinity;
  for await (const chunk of withTicks(input, () => releaseAt)) {
    for (const block of chunk ? deframer.push(chunk) : deframer.release()) await output.write(block);
    if (!deframer.waiting) releaseAt = Infinity;
    else if (releaseAt === Infinity || !chunk) releaseAt = performance.now() + DECODE_WAIT;
  }
  for (const block of deframer.end()) await output.write(block);
  progress.stop();
  if (deframer.strangers > 0) note(`lines that are not records, passed as they are: ${deframer.strangers}`);
  if (deframer.torn > 0) note(`lines of which a part is missing: ${deframer.torn}`);
  return EXIT.ok;
}

void run(command, (args) => {
  if (args.operands.length > 1 || (args.operands[0] ?? '-') !== '-') throw new UsageError('lm-frame reads standard input only');
  return args.has('decode') ? decode(args) : frame(args);
});
