/** Levels and what goes on from the line before, as lines of real programs have them. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { levelOfText } from '../lib/grading.ts';
import { Head, Heads } from '../lib/heads.ts';
import { LEVEL, LEVEL_NAMES, TRAIT } from '../lib/level.ts';
import { levelOfKeys } from '../lib/level-keys.ts';
import { Page, traitsOf } from './keeping.ts';

const encoder = new TextEncoder();
const levelOf = (text: string): string => {
  const bytes = encoder.encode(`#${text}#`);
  return LEVEL_NAMES[levelOfText(bytes, 1, bytes.length - 1)] ?? '';
};

const EXAMPLES: [level: string, line: string][] = [
  ['error', '2026/11/22 22:13:26 [error] 123#123: *1 open() "/x" failed (2: No such file or directory), client: 10.0.0.1'],
  ['warn', '2026/11/22 22:13:26 [warn] 1#1: conflicting server name'],
  ['error', '[Sun Nov 22 22:13:26.1 2026] [core:error] [pid 1] AH00037: Symbolic link not allowed'],
  ['info', '2026-11-22 22:13:26,042 INFO  [main] com.example.App - started; ERROR pages are in /errors'],
  ['error', 'ERROR:root:cannot connect'],
  ['warn', 'WARNING:urllib3:Retrying'],
  ['fatal', 'CRITICAL - disk full'],
  ['error', '2026-11-22T22:13:26.042Z\terror\tserver/http.go:12\trequest failed\t{"status": 500}'],
  ['error', 'ts=2026-11-22T22:13:26Z level=error msg="cannot write"'],
  ['warn', 'time="2026-11-22" lvl=warn msg=x'],
  ['debug', 'severity=DEBUG a=b'],
  ['info', 'I1122 22:13:26.042000       1 controller.go:12] Starting'],
  ['error', 'E1122 22:13:26.042000       1 reflector.go:12] failed'],
  ['error', '<3>kernel: out of memory'],
  ['info', '<14>Nov 22 22:13:26 host app: hello'],
  ['error', '{"level":"error","msg":"x"}'],
  ['error', '{"time":1,"pid":3,"level":50,"msg":"pino"}'],
  ['warn', '{"severity": "WARNING", "message": "gcp"}'],
  ['error', '{"version":"1.1","level":3,"short_message":"gelf"}'],
  ['none', '{"msg":"no level here: ERROR"}'],
  ['info', '{"@timestamp":"x","log.level":"info"}'],
  ['warn', '{"@level":"warn","@message":"raft"}'],
  ['warn', '{"EventId":0,"LogLevel":"Warning","Category":"App"}'],
  ['error', '\x1b[31mERROR\x1b[0m something'],
  ['info', '\x1b[2m2026-11-22T22:13:26Z\x1b[0m \x1b[32m INFO\x1b[0m server: listening'],
  ['warn', '(node:12) Warning: x [warning] y'],
  ['error', 'Traceback (most recent call last):'],
  ['error', 'Exception in thread "main" java.lang.IllegalStateException: x'],
  ['fatal', 'panic: runtime error: index out of range'],
  ['error', 'ERROR:  relation "x" does not exist at character 15'],
  ['none', '10.0.0.1 - - [22/Nov/2026:22:13:26 +0000] "GET /error?level=1 HTTP/1.1" 200 12 "-" "curl/8.5.0"'],
  ['none', 'there were no errors and no warnings'],
  ['none', 'GET /INFO/ERROR_CODE X-ERROR-ID'],
  ['none', 'the information is terror'],
  ['none', ''],
  ['none', 'E'],
];

test('lines of programs have the level that their programs gave them', () => {
  for (const [level, line] of EXAMPLES) assert.is(levelOf(line), level, line);
  for (const [line, level] of [['warn: x', 'warn'], ['[DEBUG] x', 'debug'], ['NOTICE: x', 'info']] as const) {
    assert.is(levelOf(line), level, line);
  }
});

test('logs of real programs: levels, and which lines go on from the one before them', () => {
  const wrong: string[] = [];
  let head = new Head();
  let program = '';
  for (const row of readFileSync(new URL('logs.txt', import.meta.url), 'utf8').split('\n')) {
    const [, name, level, plus = '', line = ''] = /^(?:## (.*)|([-tdiwef])(\+?)\|(.*))$/.exec(row) ?? [];
    if (name !== undefined) [program, head] = [name, new Head()];
    if (level === undefined) continue;
    const bytes = encoder.encode(line.replaceAll('␛', '\x1b'));
    head.read(bytes, 0, bytes.length, bytes.length, bytes.length, false);
    const got = `${head.level === LEVEL.none ? '-' : LEVEL_NAMES[head.level]?.charAt(0)}${head.goesOn ? '+' : ''}`;
    if (got !== level + plus) wrong.push(`${program}: ${got} for ${row}`);
  }
  assert.is(wrong.join('\n'), '');
});

test('objects within objects, as deep as a line is long, are no matter', () => {
  for (const text of [`{"level":${'{"name":'.repeat(130_000)}`, `level=${'{"name":'.repeat(130_000)}`]) assert.is(levelOf(text), 'none');
});

test('keys of the record', () => {
  const of = (tail: string): number => levelOfKeys(encoder.encode(tail), 0, encoder.encode(tail).length);
  assert.is(of('"host":"a","level":"warning"}'), LEVEL.warn);
  assert.is(of('"level":"loud"}'), LEVEL.none);
  assert.is(of('"levels":"error"}'), LEVEL.none);
});

const PIECES = [
  '0 ERROR', 'no error:', 'error: none', ' "GET / HTTP/1.1" 50', '{"s":"', '{"log":"', '\x1b[31', 'x.ERROR', 'TypeError', ':Warning', 'DEBUG1', "thread 'a' panicked at ",
  '1:M 22 Nov 2026 22:13:26.042 ', '11-22 22:13:26.042  1 2 E', 'W/a(', '2026-11-22T22:13:26Z stderr F ', '="', '[info ', 'error\x1b[', 'DETAIL:  ', 'Error (', 'Error', '{"s":"E"', '#1 /',
  '0/0/1/2/3 50', '0/-1/-1/-1/4 503',
];

test('whatever the bytes are, there is a level, and nothing outside of the line is looked at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom('', 'error', 'level=', '"level":', '<3>', 'E112', ...PIECES), (bytes, word) => {
      const line = new Uint8Array([...bytes, ...encoder.encode(word), ...bytes]);
      const alone = levelOfText(line, 0, line.length);
      assert.ok(alone >= 0 && alone <= 6);
      const within = new Uint8Array([...encoder.encode('[error] level'), ...line, ...encoder.encode('error level=error "level":"error"')]);
      assert.is(levelOfText(within, 13, 13 + line.length), alone);
      const [head, other] = [new Head(), new Head()];
      for (let i = 0; i < 2; i++) {
        head.read(line, 0, line.length, 0, 0, false);
        other.read(within, 13, 13 + line.length, 0, 0, false);
        assert.equal([other.level, other.goesOn], [head.level, head.goesOn]);
      }
    }),
    { numRuns: 4000 },
  );
});

/** The traits of lines of one stream, as level and `+` for what goes on. */
function told(lines: string[], ids = lines.map(() => 'a')): string[] {
  const heads = new Heads();
  return lines.map((line, i) => {
    const traits = traitsOf(heads, ids[i] ?? 'a', line, '', line.endsWith('…'));
    return `${LEVEL_NAMES[traits & TRAIT.level]}${(traits & TRAIT.goesOn) !== 0 ? '+' : ''}`;
  });
}

test('a stack trace goes on from its head and has its level', () => {
  assert.equal(told(['ERROR x', '\tat a.b(C.java:1)', '\tat INFO', 'Caused by: y', '\t... 3 more', '... 3 more', 'INFO z', '  indented']), [
    'error', 'error+', 'error+', 'error+', 'error+', 'error+', 'info', 'info+',
  ]);
  assert.equal(told(['Traceback (most recent call last):', '  File "x"', '    y()', 'ValueError: z', 'next']), [
    'error', 'error+', 'error+', 'error+', 'none',
  ]);
  assert.equal(told(['  nothing before', 'x…', 'y…', 'z', 'w']), ['none', 'none', 'none+', 'none+', 'none']);
  assert.equal(told(['ERROR x', 'b', ' at', ' at'], ['a', 'b', 'a', 'b']), ['error', 'none', 'error+', 'none+']);
  const endless = told(['ERROR x', ...Array.from({ length: 600 }, () => ' indented')]);
  assert.is(endless.filter((t) => t === 'error+').length, 500 + 0);
  assert.is(endless[501], 'none');
});

test('errors are counted, in all and for each stream; lines that go on are not', async () => {
  const page = new Page();
  const lines = [['a', 'ERROR x'], ['a', ' at y'], ['b', 'FATAL z'], ['a', 'WARN'], ['a', 'error: again']] as const;
  page.add(lines.map(([id, text]) => ({ id, text })));
  assert.equal([(await page.keeper.state('live', 0)).errors, ...['a', 'b', 'c'].map((id) => page.keeper.errorsOf(id))], [3, 2, 1, 0]);
});

test.run();
