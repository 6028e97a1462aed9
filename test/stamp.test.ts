/** lib/stamp.ts: the time a line says it is from, in every format the manual page lists, and never one out of prose. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Stamper } from '../lib/stamp.ts';

process.env['TZ'] = 'Europe/Berlin'; // UTC+1, in summer UTC+2: local time must not pass for universal time

const NOW = Date.parse('2023-11-20T12:00:00Z');

/** The stamp as ISO text, 'none' when the line has none. */
function stampOf(line: string, now = NOW, stamper = new Stamper()): string {
  const ts = stamper.read(Buffer.from(line), 0, now);
  return ts === now ? 'none' : new Date(ts).toISOString();
}

const FOUND: [line: string, stamp: string][] = [
  // RFC 3339, ISO 8601
  ['2023-11-14T22:13:26Z x', '2023-11-14T22:13:26.000Z'],
  ['2023-11-14T22:13:26.1Z x', '2023-11-14T22:13:26.100Z'],
  ['2023-11-14t22:13:26.123456789z x', '2023-11-14T22:13:26.123Z'],
  ['2023-11-14T22:13:26,987+02:00 x', '2023-11-14T20:13:26.987Z'],
  ['2023-11-14T22:13:26-0530 x', '2023-11-15T03:43:26.000Z'],
  ['2023-11-14T22:13:26+01 x', '2023-11-14T21:13:26.000Z'],
  ['2023-11-14T22:13Z x', '2023-11-14T22:13:00.000Z'],
  ['2023-11-14T22:13:26', '2023-11-14T21:13:26.000Z'],
  ['2023-07-14T22:13:26 summer', '2023-07-14T20:13:26.000Z'],
  ['20231114T221326Z x', '2023-11-14T22:13:26.000Z'],
  ['20231114T221326.5+0100 x', '2023-11-14T21:13:26.500Z'],
  ['2016-12-31T23:59:60Z leap second', '2017-01-01T00:00:00.000Z'],
  ['1970-01-01T00:00:00Z x', '1970-01-01T00:00:00.000Z'],
  // cousins
  ['2023-11-14 22:13:26,123 - root - INFO', '2023-11-14T21:13:26.123Z'],
  ['2023-11-14 22:13:26.123 UTC [99] LOG:', '2023-11-14T22:13:26.123Z'],
  ['2023-11-14 22:13:26 +0000 x', '2023-11-14T22:13:26.000Z'],
  ['2023-11-14 22:13:26 -0130 x', '2023-11-14T23:43:26.000Z'],
  ['2023-11-14 22:13:26 -1234 items', '2023-11-14T21:13:26.000Z'],
  ['2023-11-14 22:13:26 - 12 items', '2023-11-14T21:13:26.000Z'],
  ['2023-11-14 22:13:26 +0000x', '2023-11-14T21:13:26.000Z'],
  ['2023-11-14 22:13:26+00', '2023-11-14T22:13:26.000Z'],
  ['[2023-11-14 22:13:26,123] x', '2023-11-14T21:13:26.123Z'],
  ['[2023-11-14T22:13:26,123][INFO ][o.e.n.Node]', '2023-11-14T21:13:26.123Z'],
  ['2023/11/14 22:13:26 [error] 1234#0: *567 open()', '2023-11-14T21:13:26.000Z'],
  ['2023/11/14 22:13:26.123456 main.go:1: x', '2023-11-14T21:13:26.123Z'],
  ['INFO 2023-11-14 22:13:26,123 x', '2023-11-14T21:13:26.123Z'],
  ['[ERROR] [2023-11-14T22:13:26Z] x', '2023-11-14T22:13:26.000Z'],
  ['warning:  2023-11-14T22:13:26Z x', '2023-11-14T22:13:26.000Z'],
  ['I, [2023-11-14T22:13:26.123456 #1234]  INFO -- : x', '2023-11-14T21:13:26.123Z'],
  // behind colours
  ['\x1b[2m2023-11-14T22:13:26.123456Z\x1b[0m \x1b[32m INFO\x1b[0m app: x', '2023-11-14T22:13:26.123Z'],
  ['[\x1b[90m2023-11-14T22:13:26Z\x1b[0m \x1b[32mINFO \x1b[0m app] x', '2023-11-14T22:13:26.000Z'],
  ['\x1b[38;5;8m2023-11-14 22:13:26\x1b[0m x', '2023-11-14T21:13:26.000Z'],
  // keys of other loggers
  ['{"@t":"2023-11-14T22:13:26.1234567Z","@mt":"x"}', '2023-11-14T22:13:26.123Z'],
  ['{"Timestamp":"2023-11-14T22:13:26Z","Level":"Error"}', '2023-11-14T22:13:26.000Z'],
  ['{"asctime": "2023-11-14 22:13:26,123", "name": "root"}', '2023-11-14T21:13:26.123Z'],
  // syslog
  ['Nov 14 22:13:26 web1 sshd[1234]: Accepted', '2023-11-14T21:13:26.000Z'],
  ['Nov  4 22:13:26 web1 x', '2023-11-04T21:13:26.000Z'],
  ['nov 4 22:13:26 web1 x', '2023-11-04T21:13:26.000Z'],
  ['<34>Oct 11 22:14:15 mymachine su:', '2023-10-11T20:14:15.000Z'],
  ['<165>1 2003-10-11T22:14:15.003Z host app', '2003-10-11T22:14:15.003Z'],
  ['Nov 14 22:13:26.123 web1 x', '2023-11-14T21:13:26.123Z'],
  ['Nov 14 2021 22:13:26 UTC: %ASA-6', '2021-11-14T22:13:26.000Z'],
  ['Nov 14 2021 22:13:26: %ASA-6', '2021-11-14T21:13:26.000Z'],
  // web servers
  ['69.86.184.85 - - [14/Nov/2023:22:13:26 +0000] "GET / HTTP/1.1" 200', '2023-11-14T22:13:26.000Z'],
  ['::1 - a b c [14/Nov/2023:22:13:26 +0130] "GET', '2023-11-14T20:43:26.000Z'],
  ['www.example.com:443 1.2.3.4 - bob [14/Nov/2023:22:13:26 -0500] "GET', '2023-11-15T03:13:26.000Z'],
  ['[14/Nov/2023:22:13:26 +0000] GET / 200', '2023-11-14T22:13:26.000Z'],
  ['1.2.3.4 [14/Nov/2023:22:13:26 +0000] GET', '2023-11-14T22:13:26.000Z'],
  ['[::1] - - [14/Nov/2023:22:13:26 +0000] "GET', '2023-11-14T22:13:26.000Z'],
  ['[Tue Nov 14 22:13:26.123456 2023] [core:error]', '2023-11-14T21:13:26.123Z'],
  ['[14-Nov-2023 22:13:26 UTC] PHP Warning:', '2023-11-14T22:13:26.000Z'],
  ['[14-Nov-2023 22:13:26] NOTICE: fpm', '2023-11-14T21:13:26.000Z'],
  // others with words for months
  ['14-Nov-2023 22:13:26.123 INFO [main]', '2023-11-14T21:13:26.123Z'],
  ['4 Nov 2023 22:13:26.123 x', '2023-11-04T21:13:26.123Z'],
  ['1234:M 14 Nov 2023 22:13:26.123 * Ready', '2023-11-14T21:13:26.123Z'],
  ['Tue Nov 14 22:13:26 2023 x', '2023-11-14T21:13:26.000Z'],
  ['Tue Nov 14 22:13:26 UTC 2023', '2023-11-14T22:13:26.000Z'],
  ['Tue, 14 Nov 2023 22:13:26 GMT x', '2023-11-14T22:13:26.000Z'],
  // glog, klog
  ['I1114 22:13:26.123456    1234 file.go:12] x', '2023-11-14T21:13:26.123Z'],
  ['E20211114 22:13:26.123456 1234 file.cc:12] x', '2021-11-14T21:13:26.123Z'],
  // epoch
  ['1700000006 x', '2023-11-14T22:13:26.000Z'],
  ['1700000006.25 x', '2023-11-14T22:13:26.250Z'],
  ['1700000006123 x', '2023-11-14T22:13:26.123Z'],
  ['1700000006123456 x', '2023-11-14T22:13:26.123Z'],
  ['1700000006123456789,x', '2023-11-14T22:13:26.123Z'],
  ['1700000006.123    921 192.168.0.68 TCP_MISS/200', '2023-11-14T22:13:26.123Z'],
  ['[1700000006] SERVICE ALERT: x', '2023-11-14T22:13:26.000Z'],
  ['1700000006,12,13', '2023-11-14T22:13:26.000Z'],
  // keys
  ['{"level":30,"time":1700000006123,"pid":1,"msg":"x"}', '2023-11-14T22:13:26.123Z'],
  ['{"level":"info","ts":1700000006.123,"msg":"x"}', '2023-11-14T22:13:26.123Z'],
  ['{"time": "2023-11-14T22:13:26Z", "x": 1}', '2023-11-14T22:13:26.000Z'],
  ['{"@timestamp":"2023-11-14T22:13:26.123+01:00","message":"x"}', '2023-11-14T21:13:26.123Z'],
  ['{"t":{"$date":"2023-11-14T22:13:26.123+00:00"},"s":"I"}', '2023-11-14T22:13:26.123Z'],
  ['level=info ts=2023-11-14T22:13:26.123Z caller=x', '2023-11-14T22:13:26.123Z'],
  ['time="2023-11-14T22:13:26Z" level=info msg="x"', '2023-11-14T22:13:26.000Z'],
  ['type=SYSCALL msg=audit(1700000006.123:24287): arch', '2023-11-14T22:13:26.123Z'],
];

for (const [line, stamp] of FOUND) test(`found: ${line}`, () => assert.is(stampOf(line), stamp));

const NONE: string[] = [
  '', ' ', 'Infinity', '0', 'null', '2023', '2023-11-14', '1700000006', '12345678901 x', '170000000 x', '9999999999 x', '1700000006x',
  'worker restarted on Friday after 3 seconds',
  'price 10.5.2023 total',
  'see the entry [14/Nov/2023:22:13:26 +0000] for more',
  'the backup of 2023-11-14 22:13:26 is done',
  'it was Nov 14 22:13:26 when it happened',
  'Nov 14 is a day', 'May we 22:13:26', 'Monday', 'Mon Nov', 'March 14 22:13:26 x',
  '2023-11-14 was a good day', '2023-13-14T22:13:26Z x', '2023-02-29T22:13:26Z x', '2023-11-14T24:13:26Z x', '2023-11-14T22:60:26Z x',
  '2023-11-14T22:13:61Z x', '2023-11-14T22:13:26+25:00 x', '2023-11-14T22:13:26Zx', '2023-11-14T22:13:26x', '2023-11-14T2:13:26Z',
  '2023-11/14 22:13:26', '1969-12-31T23:59:59Z x', '2023-11-14T22:13:26.1234567890123Z x',
  'INFORMAL 2023-11-14 22:13:26', 'at 2023-11-14 22:13:26', '<34 Nov 14 22:13:26', '<>Nov 31 22:13:26',
  'Feb 30 22:13:26 x', 'Nov 14 22:13 x', 'I1314 22:13:26.1 x',
  '{"msg":"\\"time\\":1700000006123"}', '{"msg":"time","x":1}', 'a=b c=d e=f ts=2023-11-14T22:13:26Z',
  '{"time":5}', `{"x":"${'y'.repeat(200)}","time":1700000006123}`, 'time=soon', '[', '[[', '{"', '<', 'ts=',
  '"GET" [14/Nov/2023:22:13:26 +0000]',
  `${'x'.repeat(250)} [14/Nov/2023:22:13:26 +0000] "GET`,
];

for (const line of NONE) test(`none: ${line.slice(0, 60)}`, () => assert.is(stampOf(line), 'none'));

test('a stamp without a year is of the year that puts it nearest to now', () => {
  const at = (now: string, line: string): string => stampOf(line, Date.parse(now));
  assert.is(at('2024-01-02T00:00:00Z', 'Dec 31 23:59:59 x'), '2023-12-31T22:59:59.000Z');
  assert.is(at('2023-12-31T12:00:00Z', 'Jan  1 00:00:01 x'), '2023-12-31T23:00:01.000Z');
  assert.is(at('2023-12-31T23:59:00Z', 'Jan  2 00:00:01 x'), '2024-01-01T23:00:01.000Z');
  assert.is(at('2026-11-22T12:00:00Z', 'Feb 29 00:00:00 x'), '2028-02-28T23:00:00.000Z');
  assert.is(at('2025-11-22T12:00:00Z', 'Feb 29 00:00:00 x'), '2024-02-28T23:00:00.000Z');
  const stamper = new Stamper();
  for (const year of ['2019', '2022', '2025']) {
    assert.is(stampOf('Jun 14 10:00:00 x', Date.parse(`${year}-06-20T00:00:00Z`), stamper), `${year}-06-14T08:00:00.000Z`);
  }
});

test('summer and winter time, line by line', () => {
  const stamper = new Stamper();
  assert.is(stampOf('2023-03-26 01:59:59 x', NOW, stamper), '2023-03-26T00:59:59.000Z');
  assert.is(stampOf('2023-03-26 03:00:00 x', NOW, stamper), '2023-03-26T01:00:00.000Z');
  assert.is(stampOf('2023-10-29 01:59:59 x', NOW, stamper), '2023-10-28T23:59:59.000Z');
  assert.is(stampOf('2023-10-29 03:00:00 x', NOW, stamper), '2023-10-29T02:00:00.000Z');
});

test('formats may change from line to line', () => {
  const stamper = new Stamper();
  for (let round = 0; round < 3; round++) {
    for (const [line, stamp] of FOUND) assert.is(stampOf(line, NOW, stamper), stamp, line);
    for (const line of NONE) assert.is(stampOf(line, NOW, stamper), 'none', line);
  }
});

test('a line ends at its newline: nothing is read of the next one', () => {
  const stamper = new Stamper();
  const bytes = Buffer.from('2023-11-14\n22:13:26 x\nNov 14\n 22:13:26\n{\n"time":1700000006123}\nlevel=info\nx ts=2023-11-14T22:13:26Z\n');
  for (let at = 0; at < bytes.length; at = bytes.indexOf(10, at) + 1) assert.is(stamper.read(bytes, at, NOW), NOW);
});

test('what Date writes is read back', () => {
  const time = fc.integer({ min: 0, max: 4e12 });
  fc.assert(fc.property(time, (ms) => assert.is(stampOf(`${new Date(ms).toISOString()} x`), new Date(ms).toISOString())));
  fc.assert(
    fc.property(time, (ms) => {
      const seconds = Math.floor(ms / 1000) * 1000;
      assert.is(stampOf(`${new Date(seconds).toUTCString()} x`), new Date(seconds).toISOString());
      assert.is(stampOf(`[${new Date(seconds).toUTCString().slice(5)}] x`), new Date(seconds).toISOString());
    }),
  );
});

test('any line, cut anywhere, gives a whole number and takes no longer than its first 200 bytes do', () => {
  const stamper = new Stamper();
  const known = fc.constantFrom(...FOUND.map(([line]) => line), ...NONE);
  const bits = fc.oneof(fc.string(), known, fc.constantFrom('[', '{"', ' ', '=', '<1>', '"time":', 'ts='));
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 6 }), fc.nat(80), (parts, at) => {
      const ts = stamper.read(Buffer.from(parts.join('').slice(at)), 0, NOW);
      assert.ok(Number.isInteger(ts) && ts >= 0, parts.join('').slice(at));
    }),
    { numRuns: 3000 },
  );
  for (const unit of ['[', '{"', '{"time":', ' ', 'a=', 'ts="', '1', '<1', '[14/Nov/2023:22:13:26 +0000', '{"t":{"$date":"']) {
    const line = Buffer.from(unit.repeat(100_000));
    const started = process.cpuUsage().user;
    for (let i = 0; i < 1000; i++) stamper.read(line, 0, NOW);
    assert.ok(process.cpuUsage().user - started < 2e6, unit);
  }
});

test.run();
