#!/usr/bin/env node
/** lm-fifo: make named pipes, keep them open, merge them by whole lines; with -w write into one beside others. */
import { EXIT, note, onStop, optionOf, run, UsageError, type Args, type Command } from '../lib/cli.ts';
import { FifoWriter, type OnFull } from '../lib/fifo-writer.ts';
import { makeFifo, parseMode } from '../lib/fifo.ts';
import { openFifo, openStdin } from '../lib/input.ts';
import { countLines, LineCutter } from '../lib/lines.ts';
import { Merge } from '../lib/merge.ts';
import { openStdout } from '../lib/output.ts';
import { showProgress, type Progress } from '../lib/progress.ts';

const command: Command = {
  name: 'lm-fifo',
  about: 'make named pipes, keep them open, merge them by whole lines',
  operands: 'pipe ...',
  options: {
    mode: { letter: 'm', value: 'mode', default: '600', help: 'permissions of a pipe that is made, in octal' },
    'on-full': { value: 'block|drop', default: 'block', help: 'what to do when the way out is full' },
    verbose: { letter: 'v', help: 'show rates on stderr' },
    write: { letter: 'w', help: 'write standard input into the one pipe' },
  },
};

function onFullOf(args: Args): OnFull {
  const value = args.value('on-full');
  if (value !== 'block' && value !== 'drop') throw new UsageError(`option --on-full takes block or drop, not ${value}`);
  return value;
}

/** Pipes to stdout until a signal; the pipes themselves never end. */
async function merge(args: Args, mode: string, onFull: OnFull): Promise<number> {
  for (const path of args.operands) await makeFifo(path, mode);
  const inputs = args.operands.map(openFifo);
  const output = openStdout({ awaitReaders: true });
  const merged = new Merge(output, onFull);
  const progress = showProgress(args.has('verbose'), () => merged.counters());
  onStop(() => inputs.forEach((input) => input.stop()));
  try {
    await Promise.all(inputs.map((input) => merged.take(input)));
    await output.flush();
  } finally {
    inputs.forEach((input) => input.stop());
    output.close();
  }
  return farewell(progress, merged.dropped, merged.split);
}

/** Stdin to the pipe, to the end of stdin. */
async function write(args: Args, mode: string, onFull: OnFull): Promise<number> {
  const path = args.operands[0] ?? '';
  await makeFifo(path, mode);
  const input = openStdin();
  const writer = new FifoWriter(path, onFull);
  const cutter = new LineCutter();
  const done = { lines: 0, bytes: 0 };
  const progress = showProgress(args.has('verbose'), () => ({ ...done, dropped: writer.droppedLines, split: cutter.split }));
  onStop(() => {
    input.stop();
    writer.stop();
  });
  const put = async (block: Buffer): Promise<void> => {
    await writer.write(block);
    done.lines += countLines(block);
    done.bytes += block.length;
  };
  for await (const chunk of input) for (const block of cutter.push(chunk)) await put(block);
  for (const block of cutter.end()) await put(block);
  await writer.end();
  return farewell(progress, writer.droppedLines, cutter.split);
}

function farewell(progress: Progress, dropped: number, split: number): number {
  progress.stop();
  if (split > 0) note(`lines longer than 1 MiB, split: ${split}`);
  if (dropped > 0) note(`lines dropped: ${dropped}`);
  return dropped > 0 ? EXIT.fail : EXIT.ok;
}

void run(command, async (args) => {
  const [mode, onFull] = [optionOf(args, 'mode', parseMode), onFullOf(args)];
  if (args.operands.length === 0) throw new UsageError('no pipe given');
  if (new Set(args.operands).size < args.operands.length) throw new UsageError('a pipe is given twice');
  if (args.operands.includes('-')) throw new UsageError('- is not a named pipe');
  if (!args.has('write')) return merge(args, mode, onFull);
  if (args.operands.length > 1) throw new UsageError('option --write takes one pipe');
  return write(args, mode, onFull);
});
