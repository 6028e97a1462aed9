/** What people see of a command at work: a live line with -v on a terminal, a line every 10 s elsewhere, all counters at SIGUSR1. */
import { note } from './cli.ts';

/** Counters by name. `lines` and `bytes` also get a rate; text is shown as it is; a number that is 0 is left out of the live line. */
export type Counters = Record<string, number | string>;

const LIVE_MS = 500;
const LOG_MS = 10_000;

/** Stop showing: the live line is ended by a newline so that the last figures stay. */
export type Progress = { stop(): void };

/** `1234567` as `1,234,567`. */
export function grouped(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Bytes with one decimal and a unit: `1.5 MiB`. */
export function byteSize(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return `${unit === 0 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

/** The counters as one line of `name value` pairs; `rates` are per second. */
export function countersLine(counters: Counters, rates: Counters = {}): string {
  return Object.entries(counters)
    .map(([name, value]) => {
      const shown = typeof value === 'string' ? value : name.endsWith('bytes') ? byteSize(value) : grouped(value);
      const rate = rates[name];
      if (typeof rate !== 'number') return `${name} ${shown}`;
      return `${name} ${shown} (${name === 'bytes' ? byteSize(rate) : grouped(rate)}/s)`;
    })
    .join(', ');
}

/**
 * Print all counters at SIGUSR1 and, when `verbose`, their course. Costs nothing on the way of the data: `read` is called to show.
 * `details` are lines below the counters: all there are to tell (at SIGUSR1), or what stands out (in a log).
 */
export function showProgress(verbose: boolean, read: () => Counters, details: (all: boolean) => string[] = () => []): Progress {
  let before = { at: process.hrtime.bigint(), counters: read() };
  const line = (): string => {
    const now = { at: process.hrtime.bigint(), counters: read() };
    const seconds = Math.max(Number(now.at - before.at) / 1e9, 1e-3);
    const rates: Counters = {};
    for (const name of ['lines', 'bytes']) {
      const [a, b] = [before.counters[name], now.counters[name]];
      if (typeof a === 'number' && typeof b === 'number') rates[name] = (b - a) / seconds;
    }
    before = now;
    return countersLine(now.counters, rates);
  };
  // The first listener also takes SIGUSR1 away from Node's inspector, which would open a port.
  const onSignal = (): void => [countersLine(read()), ...details(true)].forEach(note);
  process.on('SIGUSR1', onSignal);
  const live = verbose && process.stderr.isTTY === true;
  const show = (): void => {
    if (live) process.stderr.write(`\r\x1b[K${line().slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else [line(), ...details(false)].forEach(note);
  };
  const timer = verbose ? setInterval(show, live ? LIVE_MS : LOG_MS).unref() : undefined;
  return {
    stop: () => {
      clearInterval(timer);
      process.off('SIGUSR1', onSignal);
      if (live) process.stderr.write(`\r\x1b[K${countersLine(read())}\n`);
    },
  };
}
