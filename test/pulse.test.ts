/** Live, idle, silent, ended, lost: what is said of streams of several kinds. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Pulse } from '../lib/pulse.ts';

const S = 1000;
const MIN = 60 * S;
const HOUR = 60 * MIN;

/** A stream with a line every so many ms, from t0 on, for so long. */
function steady(every: number, lasting: number, pulse = new Pulse(), from = 1e12): { pulse: Pulse; end: number } {
  let at = from;
  for (; at < from + lasting; at += every) pulse.line(at);
  return { pulse, end: at - every };
}

test('live, idle, ended, and live again', () => {
  const pulse = new Pulse();
  pulse.line(100_000);
  assert.equal([pulse.state(100_001), pulse.state(110_000)], ['live', 'idle']);
  pulse.end(110_000);
  assert.is(pulse.state(110_001), 'ended');
  pulse.line(120_000);
  assert.is(pulse.state(120_000), 'live');
});

test('a stream of which one writer has ended is not ended while another gives signs of life', () => {
  const pulse = new Pulse();
  pulse.line(100_000);
  pulse.end(105_000);
  pulse.beat(115_000);
  assert.is(pulse.state(115_001), 'idle');
  pulse.beat(125_000);
  assert.equal([pulse.state(159_000), pulse.state(161_000)], ['idle', 'lost'], 'since the end of another is no interval');
  pulse.end(170_000);
  assert.is(pulse.state(HOUR), 'ended');
});

test('a busy stream that stops is silent after a minute, and says what was usual', () => {
  const { pulse, end } = steady(50, 10 * MIN);
  assert.equal([pulse.state(end + 59 * S), pulse.state(end + 61 * S)], ['idle', 'silent']);
  assert.ok(Math.abs(pulse.usual - 20) < 0.1);
  pulse.line(end + HOUR);
  assert.is(pulse.state(end + HOUR), 'live');
});

test('a stream that is quiet by nature is not silent', () => {
  const { pulse, end } = steady(10 * MIN, 20 * HOUR);
  assert.equal([pulse.state(end + 40 * MIN), pulse.state(end + 60 * MIN)], ['idle', 'silent']);
  // Bursts of a job that runs every ten minutes.
  const job = new Pulse();
  for (let run = 0; run < 12; run++) steady(10, 2 * S, job, 1e12 + run * 10 * MIN);
  assert.equal([job.state(1e12 + 110 * MIN + 30 * MIN), job.state(1e12 + 110 * MIN + 60 * MIN)], ['idle', 'silent']);
});

test('what is hardly known is only idle', () => {
  const { pulse, end } = steady(1, 10 * S);
  assert.is(pulse.state(end + 24 * HOUR), 'idle');
  assert.is(pulse.usual, 0);
});

test('a pause long ago does not make every later one usual', () => {
  const { pulse, end } = steady(S, 10 * MIN);
  const again = steady(S, 8 * HOUR, pulse, end + HOUR);
  assert.equal([pulse.state(again.end + 50 * S), pulse.state(again.end + 3 * MIN)], ['idle', 'silent']);
});

test('a writer that promised beats and gives none is lost; one that has promised none is not', () => {
  const { pulse, end } = steady(100, MIN);
  let at = end;
  for (let i = 0; i < 5; i++) pulse.beat((at += 10 * S));
  assert.equal([pulse.state(at + 5 * S), pulse.state(at + 34 * S), pulse.state(at + 36 * S)], ['idle', 'idle', 'lost']);
  pulse.beat(at + 40 * S);
  assert.is(pulse.state(at + 41 * S), 'idle');
  for (let i = 0; i < 5; i++) pulse.beat(at + 80 * S + i);
  assert.is(pulse.state(at + 110 * S), 'idle', 'beats that came late and together are no shorter interval');
  pulse.begin(at);
  pulse.line(at + 130 * S);
  assert.is(pulse.state(at + 400 * S), 'idle', 'the next writer has promised nothing');
  pulse.beat(at + 410 * S);
  pulse.beat(at + 420 * S);
  pulse.beat(at + HOUR);
  assert.is(pulse.state(at + HOUR + 15 * MIN), 'lost', 'an outage is no interval');
  const only = new Pulse();
  only.beat(1e12);
  assert.is(only.state(1e12 + HOUR), 'idle');
});

test('a clock that is set back does no harm', () => {
  const { pulse, end } = steady(S, 10 * MIN);
  pulse.line(end - HOUR);
  pulse.beat(end - 2 * HOUR);
  assert.is(pulse.state(end - 2 * HOUR), 'live');
});

test.run();
