/** lib/ansi.ts: escape sequences out, text kept, in linear time. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mayHoldEscapes, stripAnsi, unfinishedEscape } from '../lib/ansi.ts';

const CASES: [text: string, stripped: string, what: string][] = [
  ['plain text', 'plain text', 'nothing to do'],
  ['\x1b[31mred\x1b[0m', 'red', 'colour'],
  ['\x1b[38;5;196mx\x1b[38:2::1:2:3my', 'xy', '256 colours, true colour'],
  ['\x1b[2K\x1b[1Gline', 'line', 'cursor'],
  ['\x1b[?25lx\x1b[?25h', 'x', 'private parameters'],
  ['\x1b[0 qx\x1b[!p', 'x', 'intermediate characters'],
  ['\x1b]0;title\x07x', 'x', 'title, ended by BEL'],
  ['\x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\', 'link', 'link, ended by ST'],
  ['\x1bP1$r0m\x1b\\x\x1b_app\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\', 'xyz', 'other strings'],
  ['\x9b31mx\x9d0;t\x9cy\x900\x9cz', 'xyz', 'one-character forms'],
  ['\x1b(Bx\x1b)0y\x1b#8z', 'xyz', 'character sets'],
  ['\x1b7x\x1b8y\x1bMz\x1b=\x1b>\x1bc', 'xyz', 'two characters'],
  ['tab\tand \x07 bell\r', 'tab\tand \x07 bell\r', 'control characters that open nothing stay'],
  ['x\x1b', 'x', 'a lone ESC at the end'],
  ['x\x1b[', 'x', 'nothing but an opening'],
  ['x\x1b[31', 'x31', 'an unfinished sequence loses its opening only'],
  ['x\x1b]0;the whole rest', 'x0;the whole rest', 'a string without an end hides nothing'],
  ['\x1b]0;t\x1b[31mred', '0;tred', 'a string broken off by the next sequence'],
  ['\x1b[31é', '31é', 'a sequence broken off by a character that cannot be in one'],
  ['\x1b\x1b[31mx', 'x', 'ESC twice'],
  ['é漢😀\x1b[1m é', 'é漢😀 é', 'other text is left alone'],
];

for (const [text, stripped, what] of CASES) test(what, () => assert.is(stripAnsi(text), stripped));

test('text without an opening is never changed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = text.replace(/[\x1b\x80-\x9f]/g, '');
      assert.is(stripAnsi(plain), plain);
      assert.is(mayHoldEscapes(Buffer.from(plain)), false);
    }),
  );
});

test('whatever the sequences, the text between them is kept, and no opening is left', () => {
  const sequence = fc.constantFrom('\x1b[31m', '\x1b[K', '\x1b]0;t\x07', '\x1b]8;;u\x1b\\', '\x1b(B', '\x1b7', '\x9b1m');
  const word = fc.stringMatching(/^[a-z ]{0,8}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(sequence, word)), (parts) => {
      const text = parts.map(([a, b]) => a + b).join('');
      assert.is(stripAnsi(text), parts.map(([, b]) => b).join(''));
      assert.is(unfinishedEscape(text), text.length);
    }),
  );
  const unit = fc.constantFrom('\x1b', '[', ']', 'P', '\\', '\x07', ';', '3', 'm', ' ', 'x', '\x9b', '\x9c');
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      assert.not.match(stripAnsi(text), /[\x1b\x9b]/);
    }),
    { numRuns: 2000 },
  );
});

test('an unfinished sequence is found where it begins, and only when more text could finish it', () => {
  for (const whole of ['\x1b[1;31m', '\x1b]0;title\x07', '\x1b]8;;u\x1b\\', '\x1b(B', '\x9b31m', '\x1bP1$r\x1b\\', '\x1b[0 q']) {
    for (let at = 1; at < whole.length; at++) assert.is(unfinishedEscape(`ab${whole.slice(0, at)}`), 2, JSON.stringify(whole.slice(0, at)));
    assert.is(unfinishedEscape(`ab${whole}`), 2 + whole.length);
  }
  assert.is(unfinishedEscape('ab\x1b[31é'), 7);
});

test('hostile text takes linear time', () => {
  for (const unit of ['\x1b[', '\x1b]', '\x1b[1', '\x1bP', '\x1b]0;', '\x9b', '\x1b', '\x1b[0;', '\x1b(']) {
    const text = unit.repeat(500_000);
    const started = process.cpuUsage().user;
    stripAnsi(text);
    unfinishedEscape(text);
    assert.ok(process.cpuUsage().user - started < 3e6, JSON.stringify(unit));
  }
  const long = `\x1b[${'1;'.repeat(500_000)}`;
  const started = process.cpuUsage().user;
  stripAnsi(long);
  unfinishedEscape(long);
  assert.ok(process.cpuUsage().user - started < 3e6);
});

test.run();
