/** What is known of each stream. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Stream, Streams } from '../lib/streams.ts';

test('a rate is of the last ten seconds', () => {
  const stream = new Stream('a');
  for (let ms = 0; ms < 20_000; ms += 100) stream.line(10, 1_000_000 + ms);
  assert.is(stream.rate(1_019_900), 10);
  assert.is(stream.rate(1_024_900), 5);
  assert.is(stream.rate(1_029_900), 0);
  assert.equal([stream.lines, stream.bytes, stream.pulse.last], [200, 2000, 1_019_900]);
});

test('a clock that is set back, or far ahead, does no harm', () => {
  const stream = new Stream('a');
  stream.line(1, 1e12);
  stream.line(1, 5e11);
  stream.line(1, 1e15);
  assert.is(stream.rate(1e15), 0.1);
  assert.is(stream.lines, 3);
});

test('the sample is a cut copy', () => {
  const stream = new Stream('a');
  const bytes = Buffer.from(`ab${'c'.repeat(10_000)}`);
  stream.keepSample(bytes, 1, bytes.length);
  bytes.fill('z');
  assert.is(stream.sample.toString(), `b${'c'.repeat(299)}`);
});

test('the sample is never cut inside an escape or a character', () => {
  const stream = new Stream('a');
  for (const unit of ['\\u00e9', 'é', '😀', '\\n', '\\\\', '€']) {
    for (let pad = 0; pad < 6; pad++) {
      const bytes = Buffer.from('x'.repeat(pad) + unit.repeat(200));
      stream.keepSample(bytes, 0, bytes.length);
      assert.ok(stream.sample.length > 290 && stream.sample.length <= 300);
      assert.ok(bytes.toString().startsWith(stream.sample.toString()));
      assert.is((JSON.parse(`"${stream.sample.toString()}"`) as string).length > 0, true);
    }
  }
});

test('any name is only a name', () => {
  const streams = new Streams();
  for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) streams.of(id).line(1, 1);
  assert.is(streams.size, 4);
  assert.equal([...streams].map((s) => [s.id, s.lines]), [['__proto__', 1], ['constructor', 1], ['toString', 1], ['hasOwnProperty', 1]]);
});

test('the number of streams is bounded: the silent ones go, and know it', () => {
  const streams = new Streams(200);
  const busy = streams.of('busy');
  const quiet = streams.of('quiet');
  for (let i = 0; i < 10_000; i++) {
    busy.line(1, i + 1);
    streams.of(`s${i}`).line(1, i + 1);
  }
  assert.ok(streams.size <= 200);
  assert.is(streams.size + streams.forgotten, 10_002);
  assert.ok(quiet.forgotten);
  assert.is(streams.of('busy'), busy);
  assert.is(streams.of('busy').lines, 10_000);
});

test.run();
