/** Entries of the systemd journal as records. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JournalFramer } from '../lib/journal-framer.ts';
import { RecordReader } from '../lib/record.ts';
import { sh } from './sh.ts';

const NOW = 1_795_341_000_999;
type Rec = { id: string; run: string; n: number; ts: number; msg: string; level?: string; more?: true; beat?: true };

function framerOf(options: Partial<ConstructorParameters<typeof JournalFramer>[0]> = {}): JournalFramer {
  let runs = 0;
  return new JournalFramer({ prefix: 'web1', newRun: () => `run${++runs}`, fields: [], max: 65_536, strip: false, ...options });
}

/** All records of the text, given in chunks of `size` bytes; each must be one that RecordReader takes. */
function frame(framer: JournalFramer, text: string, size = 1 << 20): Rec[] {
  const bytes = Buffer.from(text);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) for (const b of framer.push(bytes.subarray(at, at + size), NOW)) blocks.push(Buffer.from(b));
  for (const b of framer.end(NOW)) blocks.push(Buffer.from(b));
  return Buffer.concat(blocks).toString().split('\n').slice(0, -1).map((line) => {
    const raw = Buffer.from(line);
    assert.is(new RecordReader().read(raw, 0, raw.length), undefined, line);
    return JSON.parse(line) as Rec;
  });
}

const entry = (fields: Record<string, unknown>): string =>
  `${JSON.stringify({ __REALTIME_TIMESTAMP: '1795341000123456', _HOSTNAME: 'box', _SYSTEMD_UNIT: 'nginx.service', PRIORITY: '6', MESSAGE: 'hello', ...fields })}\n`;
const one = (fields: Record<string, unknown>, options = {}): Rec => frame(framerOf(options), entry(fields))[0] as Rec;

test('unit, time and priority', () => {
  assert.equal(one({}), { id: 'web1/nginx', run: 'run1', n: 1, ts: 1_795_341_000_123, msg: 'hello', level: 'info' });
  assert.is(one({}, { prefix: '' }).id, 'box/nginx');
  assert.is(one({ _SYSTEMD_UNIT: 'user@1000.service' }).id, 'web1/user@1000');
  assert.is(one({ _SYSTEMD_UNIT: 'system-lm\\x2dsend.slice' }).id, 'web1/system-lm_x2dsend.slice');
  assert.is(one({ _SYSTEMD_UNIT: 'init.scope', _PID: '1', UNIT: 'cron.service' }).id, 'web1/cron');
  assert.is(one({ _SYSTEMD_UNIT: undefined, _TRANSPORT: 'kernel', SYSLOG_IDENTIFIER: 'kernel' }).id, 'web1/kernel');
  assert.is(one({ _SYSTEMD_UNIT: undefined, SYSLOG_IDENTIFIER: 'su' }).id, 'web1/su');
  assert.is(one({ _SYSTEMD_UNIT: '../../x y' }).id, 'web1/._/._/x_y');
  assert.is(one({ _SYSTEMD_UNIT: 'x'.repeat(500) }).id.length, 128);
  assert.equal(['0', '3', '4', '7', '8', '', null].map((p) => one({ PRIORITY: p }).level), ['emerg', 'err', 'warning', 'debug', undefined, undefined, undefined]);
});

test('messages of any kind', () => {
  assert.is(one({ MESSAGE: 'a\nb' }).msg, 'a\nb');
  assert.is(one({ MESSAGE: [...Buffer.from('\u001b[31mrot\u001b[0m')] }).msg, '\u001b[31mrot\u001b[0m');
  assert.is(one({ MESSAGE: [...Buffer.from('\u001b[31mrot\u001b[0m')] }, { strip: true }).msg, 'rot');
  assert.is(one({ MESSAGE: [104, 255, 105] }).msg, 'h\ufffdi');
  assert.is(one({ MESSAGE: ['first', 'second'] }).msg, 'first');
  assert.is(one({ MESSAGE: [[104, 105], 'second'] }).msg, 'hi');
  assert.match(one({ MESSAGE: null }).msg, /left out by journalctl: give it --all/);
  assert.is(one({ MESSAGE: '' }).msg, '');
});

test('numbers count by stream; too many streams begin a new run', () => {
  const framer = framerOf();
  const text = entry({}) + entry({ _SYSTEMD_UNIT: 'cron.service' }) + entry({});
  assert.equal(frame(framer, text).map(({ id, n }) => `${id} ${n}`), ['web1/nginx 1', 'web1/cron 1', 'web1/nginx 2']);
  const beats = framer.sign('beat', NOW).toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as Rec);
  assert.equal(beats.map(({ id, n, beat }) => [id, n, beat]), [['web1/nginx', 2, true], ['web1/cron', 1, true]]);
  const many = frame(framer, Array.from({ length: 10_001 }, (_, i) => entry({ _SYSTEMD_UNIT: `u${i}` })).join(''));
  assert.equal([...new Set(many.map(({ run }) => run))], ['run1', 'run2']);
  assert.ok(many.every(({ n }) => n === 1));
});

test('what is no entry is a line of its own, counted, and harms no other', () => {
  const bad = ['', 'plain text', '{"MESSAGE":"no time"}', '[]', 'null', '{', '{"__REALTIME_TIMESTAMP":"-5","MESSAGE":"x"}', `${'['.repeat(50_000)}`];
  const framer = framerOf();
  const got = frame(framer, bad.map((line) => `${line}\n${entry({})}`).join(''));
  assert.equal(got.filter(({ id }) => id === 'web1/journal').map(({ msg }) => msg), bad);
  assert.is(got.filter(({ id }) => id === 'web1/nginx').length, bad.length);
  assert.is(framer.strangers, bad.length);
});

test('long messages go in several records, cut between characters; the end of the input may lack its newline', () => {
  const text = 'ä€😀'.repeat(50);
  const got = frame(framerOf({ max: 10 }), entry({ MESSAGE: text }).slice(0, -1), 3);
  assert.is(got.map(({ msg }) => msg).join(''), text);
  assert.ok(got.every(({ msg }) => Buffer.byteLength(msg) <= 10 && !msg.includes('\ufffd')));
  assert.equal([...new Set(got.slice(0, -1).map(({ more }) => more)), got.at(-1)?.more], [true, undefined]);
  assert.equal(got.map(({ n }) => n), got.map((_, i) => i + 1));
});

test('any JSON at all gives records, the same however it is cut', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.json(), fc.dictionary(fc.constantFrom('MESSAGE', '_PID', 'UNIT', '_HOSTNAME', 'PRIORITY'), fc.jsonValue()).map((o) => entry(o).slice(0, -1)))), fc.integer({ min: 1, max: 99 }), (lines, size) => {
    const text = lines.map((line) => `${line.replaceAll('\n', ' ')}\n`).join('');
    const got = frame(framerOf(), text, size);
    assert.is(got.length, lines.length);
    assert.equal(got, frame(framerOf(), text));
  }), { numRuns: 200 });
});

test('the command', () => {
  const { out, err, code } = sh('lm-frame --from journal --field from=journal', entry({}) + 'x\n');
  assert.equal([code, err], [0, 'lm-frame: lines that are no journal entries, framed as they are: 1\n']);
  assert.match(out, /^\{"id":"box\/nginx","run":"\w{8}","n":1,"ts":1795341000123,"msg":"hello","level":"info","from":"journal"\}\n\{"id":"localhost\/journal"/);
  assert.match(sh('lm-frame --from journal -t').err, 'option --time is nothing with --from journal');
  assert.match(sh('lm-frame --from syslog').err, 'option --from takes journal, not syslog');
});

test.run();
