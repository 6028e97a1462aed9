/** What is told apart in any line, times as people want them, and commands for a shell. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { levelOfText } from '../lib/grading.ts';
import { ALL_LEVELS, LEVEL } from '../lib/level.ts';
import { quoted, shellCommand, type Wanted } from '../lib/web/shell.ts';
import type { Filter } from '../lib/web/talk.ts';
import { clockOf, dayBegun, span, timeText } from '../lib/web/timing.ts';
import { isLink, MAX_TEXT, tokensIn } from '../lib/web/tokens.ts';
import { record, serving, usersIn } from './serving.ts';
import { sh, timed, withFolder } from './sh.ts';

const tokens = (text: string): string[] => tokensIn(text).map(({ start, end, token }) => `${token}:${text.slice(start, end)}`);

test('an access log of nginx', () => {
  const line = '203.0.113.9 - bob [22/Nov/2026:22:13:26 +0100] "GET /a/b.css?x=1 HTTP/1.1" 404 512 "https://x.example/p?q=1" "Mozilla/5.0 (X11; Linux)" 0.003';
  assert.equal(tokens(line), [
    'ip:203.0.113.9', 'time:22/Nov/2026:22:13:26 +0100', 'verb:GET', 'path:/a/b.css?x=1', 'status4:404', 'number:512',
    'url:https://x.example/p?q=1', 'string:"Mozilla/5.0 (X11; Linux)"', 'number:0.003',
  ]);
});

test('times, addresses, ids, numbers with units', () => {
  for (const time of [
    '2026-11-22T10:00:00Z', '2026-11-22 10:00:00,123', '2026-11-22T10:00:00.123456789+01:00', 'Nov 22 10:00:00', 'Sun Nov 22 10:00:00 2026',
    '10:00:00', '10:00:00.123', '2026-11-22', '2026/11/22 10:00:00', '22-Nov-2026 10:00:00.123', '22/Nov/2026 10:00:00', '22 Nov 2026 10:00:00.123',
  ]) assert.equal(tokens(`${time} x`), [`time:${time}`], time);
  for (const ip of ['10.0.0.1', '10.0.0.1:8080', '10.0.0.0/8', '::1', 'fe80::1%eth0', '2001:db8::8a2e:370:7334', '2001:db8:0:0:0:0:0:1']) {
    assert.equal(tokens(`from ${ip} to`), [`ip:${ip}`], ip);
  }
  for (const none of ['1.2.3.4.5', '300.1.1.1', 'a::b::c', 'std::vector', '12:34', 'v1.2.3', 'abc123', '1-2-3x', 'a/b', 'http:', 'x=']) {
    assert.equal(tokens(none).filter((token) => /^(?:ip|time|path|url)/.test(token)), [], none);
  }
  assert.equal(tokens('id 123e4567-e89b-12d3-a456-426614174000.'), ['uuid:123e4567-e89b-12d3-a456-426614174000']);
  assert.equal(tokens('took 12.5ms, 3 kB of 1,024 at 99% 0xff -7 1e9'), [
    'number:12.5ms', 'number:3 kB', 'number:1,024', 'number:99%', 'number:0xff', 'number:-7', 'number:1e9',
  ]);
  assert.equal(tokens('user=bob ok=true n=null say="a b" \'c d\' don\'t'), [
    'key:user', 'key:ok', 'word:true', 'key:n', 'word:null', 'key:say', 'string:"a b"', 'string:\'c d\'',
  ]);
  assert.equal(tokens('ERROR in /var/log/x.log: WARN-x'), ['level5:ERROR', 'path:/var/log/x.log']);
  assert.equal(tokens('see https://x.example/a(b), or http://y.'), ['url:https://x.example/a', 'url:http://y']);
});

test('tokens of any text are in order, within it, bounded, and found in linear time', () => {
  const bits = fc.constantFrom('1', '.', ':', '-', '/', '"', "'", '\\', 'a', 'f', ' ', '=', 'http://', '10.0.0.', '::', '2026-', 'GET ', '{', '\n');
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('');
      let at = 0;
      for (const { start, end } of tokensIn(text)) {
        assert.ok(start >= at && end > start && end <= text.length);
        at = end;
      }
    }),
  );
  for (const evil of ['"\\', '1.', '1:', 'a:', '/', '/a', '::', '-', "'a", '1,', 'a=', 'http://', '1234-', 'x.', '@', '25.', 'f:f']) {
    const text = evil.repeat(200_000 / evil.length);
    const begun = performance.now();
    assert.ok(tokensIn(text).every(({ end }) => end <= MAX_TEXT));
    assert.ok(performance.now() - begun < 150, `${evil}: ${performance.now() - begun} ms`);
  }
});

test('only addresses of the web are links', () => {
  for (const good of ['http://x', 'https://x.example/a?b#c', 'HTTPS://X/']) assert.ok(isLink(good), good);
  for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'http://', 'https:///x', 'ftp://x', 'http://[', ' http://x', `http://x/${'a'.repeat(3000)}`]) {
    assert.not(isLink(bad), bad);
  }
});

test('times: local, UTC, how long ago, since another line', () => {
  const at = Date.UTC(2026, 10, 22, 22, 13, 26, 42);
  const since = { now: at + 14_000, above: at - 62_500, zero: undefined };
  assert.match(timeText('local', at, since), /^\d\d:\d\d:26\.042$/);
  assert.is(timeText('utc', at, since), '22:13:26.042Z');
  assert.is(timeText('relative', at, since), '14 s ago');
  assert.is(timeText('relative', at, { ...since, now: at - 7_200_000 }), 'in 2 h');
  assert.is(timeText('delta', at, since), '+1:02.500');
  assert.is(timeText('delta', at, { ...since, zero: at + 42 }), '−0.042');
  assert.is(timeText('delta', at, { ...since, above: NaN }), '');
  assert.is(timeText('off', at, since), '');
  assert.equal([0, 59_310, 10_801_000, 183_600_000].map(span), ['+0.000', '+59.310', '+3:00:01', '+2 d 03 h']);
  fc.assert(fc.property(fc.double(), (ms) => {
    for (const mode of ['local', 'utc', 'relative', 'delta'] as const) assert.ok(timeText(mode, ms, { now: 0, above: 0, zero: undefined }).length < 40);
  }));
});

test('where a day begins, its date, in the zone that is shown', () => {
  const [eve, midnight] = [Date.UTC(2026, 10, 22, 23, 59, 59, 999), Date.UTC(2026, 10, 23)];
  assert.is(dayBegun('utc', midnight, eve), '2026-11-23');
  assert.is(dayBegun('utc', eve, midnight), '2026-11-22', 'also where time goes back');
  assert.is(clockOf('utc', eve, midnight, false, midnight)(eve), '2026-11-22 23:59:59Z', 'a stretch that is not all of today');
  assert.is(clockOf('utc', midnight, midnight + 5, true, midnight)(midnight), '00:00:00.000Z');
  assert.match(clockOf('local', midnight, midnight, false, midnight)(midnight), /^\d\d:\d\d:\d\d$/);
  assert.is(dayBegun('utc', midnight + 86_399_999, midnight), '');
  assert.is(dayBegun('utc', midnight, NaN), '', 'nothing is above');
  assert.is(dayBegun('off', midnight, eve), '');
  // Kathmandu is 5:45 ahead.
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Asia/Kathmandu';
  try {
    const there = Date.UTC(2026, 10, 22, 18, 15);
    for (const mode of ['local', 'relative', 'delta'] as const) assert.is(dayBegun(mode, there, there - 1), '2026-11-23');
    assert.is(dayBegun('local', midnight, eve), '');
    assert.is(dayBegun('utc', there, there - 1), '');
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
  const moment = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }).map(Number);
  fc.assert(fc.property(moment, fc.oneof(fc.integer({ min: -1e8, max: 1e8 }), fc.constant(0)), (ts, by) => {
    const date = (at: number): string => new Date(at).toISOString().slice(0, 10);
    assert.is(dayBegun('utc', ts, ts + by), date(ts) === date(ts + by) ? '' : date(ts));
  }));
  assert.is(dayBegun('utc', 9e99, midnight), '', 'no such date');
});

test('any text is one word of a shell', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 20 }), (texts) => {
      const given = texts.map((text) => text.replaceAll('\0', '').replace(/\p{Cs}/gu, '\ufffd'));
      const { out, code } = sh(`printf '%s\\0' ${texts.map(quoted).join(' ')}`);
      assert.is(code, 0);
      assert.equal(out.split('\0').slice(0, -1), given);
    }),
    { numRuns: 12 },
  );
});

const filter = (source: string, more: Partial<Filter> = {}): Filter => ({ source, mode: 'regex', fold: false, exclude: false, ...more });
const wanted: Wanted = {
  base: 'http://127.0.0.1:1/lm/#x', streams: undefined, filters: [], levels: ALL_LEVELS, from: undefined, to: undefined, follow: false, as: 'text',
};

/** Times of the test's records begin here. */
const T = 1_795_341_000_000;
const plainOf = (line: string): string => line.replace(/\x1b\[\??\d*[ml]|\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)/g, '');
const levelOf = (line: string): number => levelOfText(Buffer.from(line), 0, Buffer.byteLength(line));

const SED_U = String.raw`LC_ALL=C sed -u 's/\x1b\[[0-?]*[ -/]*[@-~]//g;s/\x1b]8;[^\x07\x1b]*\(\x07\|\x1b\\\)//g;s/\x1b(B//g'`;

test('commands for a shell', () => {
  assert.is(shellCommand(wanted), 'curl -fsS -G http://127.0.0.1:1/lm/api/tail -d as=text -d lines=all');
  assert.is(
    shellCommand({ ...wanted, follow: true, streams: ['web1/nginx'], filters: [filter("it's (a|b)", { fold: true }), filter('-x', { exclude: true, mode: 'text' }), filter('c')] }),
    "curl -fsSN -G http://127.0.0.1:1/lm/api/tail -d as=text -d lines=all -d follow=1 --data-urlencode id=web1/nginx" +
      " --data-urlencode 'match=it'\\''s (a|b)' -d icase=1 | " + SED_U + ' | grep --line-buffered -avF -e -x | grep -aP -e c',
  );
  const field = String.raw`(?:a=1|"a"\s*:\s*"?1)`;
  assert.ok(shellCommand({ ...wanted, filters: [filter('a=1', { exclude: true, mode: 'text' })] }).endsWith(` | grep -avP -e '${field}'`));
  assert.is(
    shellCommand({ ...wanted, levels: (1 << LEVEL.none) | (1 << LEVEL.error), from: 1_795_341_000_000, to: 1_795_341_000_500 }),
    'curl -fsS -G http://127.0.0.1:1/lm/api/tail -d as=text -d lines=all -d level=none,error -d since=1795341000000 -d until=1795341000500',
  );
});

test('a command shows what the page shows: the server\'s lines that pass the filters', timed(60_000, () =>
  serving([], async (server) => {
    const lines = [
      'GET /a 200', 'POST /b 500 it\'s', 'error: "quoted" $HOME `x`', 'ERROR: \\d+ (a|b)', '\x1b[31mred\x1b[0m error', '\x1b]8;;https://a.example/\x1b\\link\x1b]8;;\x07 error', '\x1b[?25lhidden error', 'é ü ✓', '-x leading', 'a*b [c]', 'tab\there', '',
    ];
    await server.feed(lines.map((msg, i) => record(i % 2 === 0 ? 'web1/nginx' : 'db', i + 1, msg)).join(''));
    await server.received(lines.length);
    const sources = ['error', 'it\'s', '$HOME `x`', '\\d+', '^-x', 'a*b [c]', '(a|b)', '✓', '"quoted"', '\\s', '200$', '.', 'nothing', '^link', '^hidden'];
    const piece = fc.record({
      source: fc.constantFrom(...sources), mode: fc.constantFrom('regex' as const, 'text' as const), fold: fc.boolean(), exclude: fc.boolean(),
    });
    const chosen = fc.record({
      streams: fc.constantFrom<string[] | undefined>(undefined, ['db'], ['db', 'web1/nginx']),
      levels: fc.constantFrom(ALL_LEVELS, 1 << LEVEL.error, ALL_LEVELS & ~(1 << LEVEL.none), 1 << LEVEL.none),
      from: fc.constantFrom(undefined, T + 2, T + 4), to: fc.constantFrom(undefined, T + 5, T + 9),
    });
    fc.assert(
      fc.property(fc.uniqueArray(piece, { maxLength: 3, selector: (one) => one.source }), chosen, (filters, { streams, levels, from, to }) => {
        const command = shellCommand({ ...wanted, base: `${server.url}/`, filters, streams, levels, from, to });
        const { out, code, err } = sh(command);
        assert.ok(code === 0 || code === 1, err);
        const shown = lines.filter((line, i) => {
          if (streams && !streams.includes(i % 2 === 0 ? 'web1/nginx' : 'db')) return false;
          const ts = T + i + 1;
          if (ts < (from ?? 0) || ts >= (to ?? Infinity) || (levels & (1 << levelOf(line))) === 0) return false;
          const plain = plainOf(line);
          return filters.every(({ source, mode, fold, exclude }) => {
            const found = mode === 'text'
              ? (fold ? plain.toLowerCase().includes(source.toLowerCase()) : plain.includes(source))
              : new RegExp(source, fold ? 'i' : '').test(plain);
            return found !== exclude;
          });
        });
        assert.equal(plainOf(out), shown.map((line) => `${plainOf(line)}\n`).join(''), command);
      }),
      { numRuns: 15 },
    );
  }),
));

test('a command that the server does not answer, or not let in, says so, also where its lines go through grep', timed(60_000, () => withFolder(async (dir) => {
  let command = '';
  await serving(['-u', usersIn(dir)], async (server) => {
    await server.feed(record('web1', 1));
    command = shellCommand({ ...wanted, base: `${server.url}/`, filters: [filter('line'), filter('1')] });
    assert.match(sh(command).err, /401/);
    assert.equal(sh(command.replace('curl', 'curl -u anna:secret')), { out: 'line 1\n', err: '', code: 0 });
  });
  assert.match(sh(command).err, /^curl: \(7\)/);
})));

test.run();
