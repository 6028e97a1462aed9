/** What every command shares: options in by one table; messages, signals and one exit status out. */
import { writeSync } from 'node:fs';
import mri from 'mri';
import pc from 'picocolors';
import manifest from '../package.json' with { type: 'json' };

/** Exit statuses of every command; `tempfail` (EX_TEMPFAIL, sysexits.h): data is safe but not delivered. */
export const EXIT = { ok: 0, fail: 1, usage: 2, tempfail: 75 } as const;

export const VERSION: string = manifest.version;

/** A mistake on the command line: the message and the usage line are shown, exit 2. */
export class UsageError extends Error {}

/** The reader of standard output has left: nothing more to do, and nothing to complain about. */
export class ReaderGone extends Error {}

/** One option: a flag, or with `value` (its placeholder in the usage line) an option that takes a value. */
export type Option = { letter?: string; value?: string; help: string; many?: boolean; default?: string };

/** A command as its options table says it; `operands` is the tail of the usage line. */
export type Command = { name: string; about: string; operands?: string; options: Record<string, Option> };

/** What was given: flags, values by long name (defaults filled in), and operands in their order. */
export type Args = {
  has(name: string): boolean;
  value(name: string): string | undefined;
  all(name: string): string[];
  operands: string[];
};

const COMMON: Record<string, Option> = {
  help: { letter: 'h', help: 'show this help' },
  version: { letter: 'V', help: 'show the version' },
};

let commandName = 'lm';
let tableTaker: ((command: Command) => void) | undefined;

/** From now on `run` hands over a command's table and does nothing else: for what is made from the tables. */
export function takeTables(take: (command: Command) => void): void {
  tableTaker = take;
}

/** Every option of a command: its own and those all have. */
export function optionsOf(command: Command): Record<string, Option> {
  return { ...command.options, ...COMMON };
}

/**
 * Spell every option as `--long` or `--long=value`, the one form that mri reads without surprises:
 * it drops a lone `-` together with its neighbour, reads `-m64k` as five letters, and `--name -x` as two options.
 * Throws UsageError for what the table does not hold.
 */
function spellOut(options: Record<string, Option>, argv: string[]): { spelled: string[]; operands: string[] } {
  const byLetter = new Map(Object.entries(options).flatMap(([name, o]) => (o.letter ? [[o.letter, name] as const] : [])));
  const spelled: string[] = [];
  const operands: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    const valueOf = (name: string, given: string | undefined): string => {
      const value = given ?? argv[++i];
      if (value === undefined || value === '') throw new UsageError(`option --${name} needs a value`);
      return `--${name}=${value}`;
    };
    if (arg === '--') {
      operands.push(...argv.slice(i + 1));
      break;
    }
    if (arg === '-' || !arg.startsWith('-')) {
      operands.push(arg);
    } else if (arg.startsWith('--')) {
      const at = arg.indexOf('=');
      const name = arg.slice(2, at < 0 ? undefined : at);
      const option = Object.hasOwn(options, name) ? options[name] : undefined;
      if (!option) throw new UsageError(`unknown option --${name}`);
      if (!option.value && at >= 0) throw new UsageError(`option --${name} takes no value`);
      spelled.push(option.value ? valueOf(name, at < 0 ? undefined : arg.slice(at + 1)) : arg);
    } else {
      for (let k = 1; k < arg.length; k++) {
        const name = byLetter.get(arg[k] as string);
        if (!name) throw new UsageError(`unknown option -${arg[k]}`);
        if (options[name]?.value) {
          spelled.push(valueOf(name, k + 1 < arg.length ? arg.slice(k + 1).replace(/^=/, '') : undefined));
          break;
        }
        spelled.push(`--${name}`);
      }
    }
  }
  return { spelled, operands };
}

/** Parse argv by the command's table. Throws UsageError by name for anything that the table does not allow. */
export function parse(command: Command, argv: string[]): Args {
  const options = optionsOf(command);
  const { spelled, operands } = spellOut(options, argv);
  const seen = new Set<string>();
  for (const arg of spelled) {
    const name = arg.slice(2).split('=', 1)[0] as string;
    if (seen.has(name) && !options[name]?.many) throw new UsageError(`option --${name} given twice`);
    seen.add(name);
  }
  const isValue = ([, o]: [string, Option]) => o.value !== undefined;
  const got: Record<string, unknown> = mri(spelled, {
    string: Object.entries(options).filter(isValue).map(([name]) => name),
    boolean: Object.entries(options).filter((e) => !isValue(e)).map(([name]) => name),
  });
  const all = (name: string): string[] => (seen.has(name) ? [got[name]].flat().map(String) : []);
  return {
    has: (name) => seen.has(name),
    value: (name) => all(name)[0] ?? options[name]?.default,
    all,
    operands,
  };
}

/** The option's value, or `fallback`, as `parse` reads it; what that throws is a mistake on the command line. */
export function optionOf<T>(args: Args, name: string, parse: (text: string) => T, fallback = ''): T {
  try {
    return parse(args.value(name) ?? fallback);
  } catch (err) {
    throw new UsageError(`option --${name}: ${err instanceof Error ? err.message : err}`);
  }
}

/** The usage line: flags by letter, then options with values, then operands, as in the page's SYNOPSIS. */
export function usage(command: Command): string {
  const entries = Object.entries(optionsOf(command)).sort(([a, x], [b, y]) => (x.letter ?? a).localeCompare(y.letter ?? b));
  const flags = entries.flatMap(([, o]) => (!o.value && o.letter ? [o.letter] : [])).join('');
  const named = entries.filter(([, o]) => o.value || !o.letter).map(([name, o]) => {
    const spelling = o.letter ? `-${o.letter}${o.value ? ` ${o.value}` : ''}` : `--${name}${o.value ? `=${o.value}` : ''}`;
    return `[${spelling}]${o.many ? '...' : ''}`;
  });
  return [`usage: ${command.name}`, `[-${flags}]`, ...named, command.operands ?? ''].join(' ').trimEnd();
}

function help(command: Command): string {
  const rows = Object.entries(optionsOf(command)).map(([name, o]) => {
    const long = `--${name}${o.value ? `=${o.value}` : ''}`;
    return { left: o.letter ? `-${o.letter}, ${long}` : `    ${long}`, right: o.help + (o.default ? ` (default ${o.default})` : '') };
  });
  const width = Math.max(...rows.map((r) => r.left.length));
  const table = rows.map((r) => `  ${r.left.padEnd(width)}  ${r.right}`).join('\n');
  return `${usage(command)}\n${command.name} - ${command.about}\n\n${table}\n\nManual: man ${command.name}\n`;
}

/** The errno name if there is one, else the message. */
export function why(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  return (err as NodeJS.ErrnoException).code ?? err.message;
}

/** Text from outside made safe for one line of a terminal or a log: control characters and bidi marks escaped. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

let stderrReady = false;

/** A line for people on stderr: `name: text`, in one line whatever the text holds. */
export function note(text: string): void {
  if (!stderrReady) process.stderr.on('error', () => {}); // nobody reads the messages: go on working
  stderrReady = true;
  const name = pc.createColors(process.stderr.isTTY === true).bold(`${commandName}:`);
  process.stderr.write(`${name} ${plain(text)}\n`);
}

/** A short answer on stdout, written before it returns. Throws ReaderGone, or an Error that blames standard output. */
export function print(text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (err) {
      if (why(err) === 'EPIPE') throw new ReaderGone();
      if (why(err) !== 'EAGAIN') throw new Error(`cannot write standard output: ${why(err)}`, { cause: err });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Call `fn` at the first SIGTERM or SIGINT; a second one ends the process at once, as the system does by default. */
export function onStop(fn: () => void): void {
  const stop = (): void => {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    fn();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

/** Call `fn` at every SIGHUP. */
export function onReload(fn: () => void): void {
  process.on('SIGHUP', fn);
}

/** Run a command: options in, `main`'s outcome as message and exit status out. Output still queued is never cut. */
export async function run(command: Command, main: (args: Args) => Promise<number> | number): Promise<void> {
  if (tableTaker) return tableTaker(command);
  commandName = command.name;
  try {
    const args = parse(command, process.argv.slice(2));
    if (args.has('help')) print(help(command));
    else if (args.has('version')) print(`${command.name} ${VERSION}\n`);
    else process.exitCode = await main(args);
  } catch (err) {
    if (err instanceof ReaderGone) return;
    process.exitCode = err instanceof UsageError ? EXIT.usage : EXIT.fail;
    note(err instanceof Error ? err.message : String(err));
    if (err instanceof UsageError) process.stderr.write(`${usage(command)}\n`);
    else if (process.env['LM_DEBUG'] && err instanceof Error) process.stderr.write(`${err.stack}\n`);
  }
}
