/** The page's reading of the live feed: every line once, in order, whatever way the bytes are cut and however often the connection is. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Feed } from '../lib/feed.ts';
import { IdFilter } from '../lib/glob.ts';
import { Heads } from '../lib/heads.ts';
import { Ingest, Source } from '../lib/ingest.ts';
import { Ring } from '../lib/ring.ts';
import { Traits } from '../lib/traits.ts';
import type { Chunk } from '../lib/web/chunk.ts';
import { KIND, TRAIT } from '../lib/web/kind.ts';
import { FeedReader } from '../lib/web/feed.ts';
import { Intake } from '../lib/web/intake.ts';
import { Runs } from '../lib/web/runs.ts';
import { KEPT, Sparks } from '../lib/web/sparks.ts';
import type { Limits } from '../lib/web/limits.ts';
import { Store } from '../lib/web/store.ts';
import { traitsOf } from './keeping.ts';

const encoder = new TextEncoder();

/** A page's memory with the feed read into it. */
class Tab {
  readonly store: Store;
  readonly intake: Intake;
  readonly feed: FeedReader;

  constructor(limits?: Limits, start?: number) {
    this.store = new Store(limits, start);
    this.intake = new Intake(this.store, new Runs(), () => {});
    this.feed = new FeedReader(this.intake);
  }

  take(text: string | Uint8Array): void {
    this.feed.push(typeof text === 'string' ? encoder.encode(text) : text);
  }

  /** All rows held, as [kind, id, n, text]. */
  get rows(): [number, string, number, string][] {
    return this.store.chunks.flatMap((chunk: Chunk) =>
      Array.from({ length: chunk.count }, (_, row): [number, string, number, string] => {
        const { kind, id, n } = chunk.label(row);
        return [kind, id, n, chunk.text(row)];
      }),
    );
  }

  get texts(): string[] {
    return this.rows.map(([, , , text]) => text);
  }
}

const hello = (epoch = 'e1'): string => `{"@":"hello","epoch":"${epoch}","version":"0.1.0","now":1795341000123}\n`;
const batch = (at: number, lines: string[], epoch = 'e1'): string =>
  `{"@":"batch","at":"${epoch}.${at}","count":${lines.length},"ts":1795341000000}\n${lines.map((line) => `${line}\n`).join('')}`;
const record = (n: number, msg = `line ${n}`, id = 'web1', run = 'r1'): string =>
  JSON.stringify({ id, run, n, ts: 1795341000000 + n, msg });
const many = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => record(from + i));

test('where entries are is known, whatever came between them, again, or before them', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ batch: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }) }) }, // true: came before
    fc.record({ skip: fc.integer({ min: 1, max: 5 }), why: fc.constantFrom('slow', 'gone') }),
    fc.constant({ note: 1 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.nat(50), (steps, older) => {
      const tab = new Tab();
      tab.take(hello());
      let seq = 100;
      let n = 0;
      for (const one of steps) {
        if ('batch' in one) {
          tab.take(batch(seq + 1, one.batch.map((again, i) => record(again ? n : ++n, String(seq + 1 + i)))));
          seq += one.batch.length;
        } else if ('note' in one) tab.store.note({ kind: KIND.mark, id: '', run: '', n: 0, ts: 1, traits: 0 }, 'note');
        else {
          tab.take(`{"@":"skip","from":"e1.${seq + 1}","to":"e1.${seq + one.skip}","count":${one.skip},"why":"${one.why}"}\n`);
          seq += one.skip;
        }
      }
      tab.take(batch(seq + 1, [record(++n, String(seq + 1))]));
      const first = tab.store.first;
      const before = new Tab(undefined, first - older);
      before.feed.begin();
      before.take(hello() + (older > 0 ? batch(101 - older, Array.from({ length: older }, (_, i) => record(1e6 + i, String(101 - older + i)))) : ''));
      tab.store.fill(before.store);
      const lines = tab.store.chunks.flatMap((chunk) => Array.from({ length: chunk.count }, (_, row) => ({ position: chunk.first + row, kind: chunk.kinds[row], seq: Number(chunk.text(row)) })))
        .filter(({ kind }) => kind === KIND.line);
      for (let entry = 100 - older; entry <= seq; entry++) {
        const at = tab.store.places.behind(`e1.${entry}`) ?? NaN;
        // Lines up to the entry are before that position, those after it are not.
        for (const line of lines) assert.is(line.position >= at, line.seq > entry, `${line.seq} at ${line.position}, behind ${entry} is ${at}`);
      }
      assert.is(tab.store.places.behind('e2.5'), undefined);
    }),
    { numRuns: 300 },
  );
});

test('lines come out as they went in, wherever the blocks are cut', () => {
  const messages = fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 }), (texts, cuts) => {
      const lines = texts.map((text, i) => record(i + 1, text));
      const bytes = encoder.encode(hello() + batch(1, lines));
      const tab = new Tab();
      let at = 0;
      for (const cut of cuts) tab.take(bytes.subarray(at, (at += cut)));
      tab.take(bytes.subarray(at));
      assert.equal(tab.texts, texts);
      assert.is(tab.feed.cursor, `e1.${texts.length}`);
    }),
  );
});

test('each line has the traits that its server told, the same to all, wherever the feed begins and ends and whichever streams it is of', () => {
  const texts = fc.constantFrom('ERROR x', '\tat y', 'Caused by: "z"', 'plain', '  indented', '{"level":"warn"}', 'é \\ INFO', '');
  const line = fc.record({ id: fc.constantFrom('a', 'b', 'c'), text: texts, late: fc.boolean() });
  const asked = fc.record({ lines: fc.nat(40), until: fc.nat(40), id: fc.constantFrom(undefined, 'a', '[ab]') });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 9 }), fc.array(asked, { minLength: 1, maxLength: 6 }), fc.boolean(), (lines, together, queries, whole) => {
      const ring = new Ring(1 << 20);
      const ingest = new Ingest(ring);
      const source = new Source();
      const heads = new Heads();
      const traits = new Traits();
      const told: number[] = [];
      lines.forEach(({ id, text, late }, i) => {
        const n = 10 * i + (late ? 2 : 1); // a mark of what is missing before each
        ingest.push(source, Buffer.from(`${record(n, text, id)}\n`), 1);
        told.push(whole ? traitsOf(heads, id, text) : NaN); // NaN: by what is read first, which may begin within a trace
        if (i % together === 0) ingest.flush();
      });
      ingest.flush();
      const all = { lines: 0, until: Infinity, id: undefined };
      for (const { lines: count, until, id } of whole ? [all, ...queries] : [...queries, all]) {
        const feed = new Feed(ring, traits, 'e1', { after: { epoch: 'e1', seq: count }, until: count + until }, id === undefined ? undefined : new IdFilter([id]));
        const tab = new Tab();
        tab.take(hello());
        for (let parts = feed.read(); parts; parts = feed.read()) for (const part of parts) tab.take(part);
        for (const chunk of tab.store.chunks) {
          for (let row = 0; row < chunk.count; row++) {
            const { kind, n, traits } = chunk.label(row);
            const i = Math.floor(n / 10);
            if (kind === KIND.line && Number.isNaN(told[i])) told[i] = traits;
            assert.is(traits, kind === KIND.line ? told[i] : 0);
          }
        }
      }
    }),
  );
});

test('what a row knows: stream, run, number, time, further keys', () => {
  const tab = new Tab();
  const long = '{"id":"a/b","run":"k3","n":12,"ts":55,"msg":"x\\ty","more":true,"host":"h"}';
  tab.take(hello() + batch(7, [long, '{"id":"c","ts":56,"msg":""}']));
  const chunk = tab.store.chunks[0] as Chunk;
  assert.equal(chunk.label(0), { kind: KIND.line, id: 'a/b', run: 'k3', n: 12, ts: 55, traits: TRAIT.more });
  assert.is(chunk.text(0), 'x\ty');
  assert.is(chunk.tail(0), ',"more":true,"host":"h"}');
  assert.equal(chunk.label(1), { kind: KIND.line, id: 'c', run: '', n: 0, ts: 56, traits: 0 });
  assert.is(chunk.text(1), '');
  assert.is(chunk.tail(1), '');
  assert.is(tab.feed.cursor, 'e1.8');
});

test('a connection cut anywhere and resumed gives each line once', () => {
  const lines = many(1, 40);
  const all = encoder.encode(hello() + batch(1, lines.slice(0, 15)) + batch(16, lines.slice(15)));
  for (let cut = 1; cut < all.length; cut += 7) {
    const tab = new Tab();
    tab.feed.begin();
    tab.take(all.subarray(0, cut));
    tab.feed.begin();
    const taken = tab.feed.seq;
    tab.take(hello());
    if (taken < 40) tab.take(batch(taken + 1, lines.slice(taken)));
    assert.equal(tab.texts, lines.map((_, i) => `line ${i + 1}`), `cut at ${cut}`);
  }
});

test('entries sent again by the server are taken once', () => {
  const tab = new Tab();
  tab.take(hello() + batch(1, many(1, 5)));
  tab.feed.begin();
  tab.take(hello() + batch(3, many(3, 5)));
  assert.equal(tab.texts, ['line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'line 6', 'line 7']);
  assert.is(tab.feed.cursor, 'e1.7');
});

test('a server started again is told of, and lines held already are recognised', () => {
  const tab = new Tab();
  tab.take(hello() + batch(1, many(1, 5)));
  tab.feed.begin();
  tab.take(hello('e2') + batch(1, many(3, 5), 'e2'));
  assert.equal(tab.rows.map(([kind, , n]) => [kind, n]), [
    [KIND.line, 1], [KIND.line, 2], [KIND.line, 3], [KIND.line, 4], [KIND.line, 5], [KIND.restart, 0], [KIND.line, 6], [KIND.line, 7],
  ]);
  assert.is(tab.intake.repeated, 3);
  assert.is(tab.feed.cursor, 'e2.5');
});

test('of a run that goes on when the server was started again, what is missing is counted, unless that is counted otherwise', () => {
  const tab = new Tab();
  tab.take(hello() + batch(1, [...many(1, 5), record(1, 'one', 'a'), record(1, 'one', 'b'), '{"@":"lost","id":"b","run":"r1","from":2,"to":3,"lines":2,"ts":9}']));
  tab.feed.begin();
  const again = [record(9), record(10), record(2, 'two', 'a'), record(1, 'new', 'b', 'r2')];
  tab.take(hello('e2') + batch(1, [...again, '{"@":"lost","id":"a","run":"r1","from":3,"to":4,"lines":2,"ts":9}', record(5, 'five', 'a')], 'e2'));
  assert.equal(tab.texts.slice(9), ['3 lines missing here: web1 6-8', 'line 9', 'line 10', 'two', 'new', '2 lines missing here: a 3-4', 'five']);
  assert.equal([tab.intake.lostBefore, tab.intake.lostNow], [5, 2]);
  assert.is(tab.store.places.behind('e2.1'), 11);
  tab.feed.begin();
  tab.take(hello('e3') + '{"@":"skip","from":"e3.1","to":"e3.50","count":50,"why":"gone"}\n' + batch(51, [record(30)], 'e3'));
  assert.equal(tab.texts.slice(-1), ['line 30']);
  assert.equal([tab.intake.lostBefore, tab.intake.skipped], [7, 50]);
});

test('lines without a number are never held for repeated', () => {
  const tab = new Tab();
  tab.take(hello() + batch(1, ['{"id":"a","ts":1,"msg":"same"}', '{"id":"a","ts":1,"msg":"same"}']));
  assert.equal(tab.texts, ['same', 'same']);
});

test('what has not come is a row in its place, and is counted', () => {
  const lost = '{"@":"lost","id":"web1","run":"r1","from":2,"to":13,"lines":12,"ts":9}';
  const tab = new Tab();
  tab.take(
    hello() +
      batch(1, [record(1), lost, record(14), '{"@":"end","id":"web1","run":"r1","ts":10}']) +
      '{"@":"skip","from":"e1.5","to":"e1.304","count":300,"why":"slow"}\n' +
      '{"@":"beat","now":5}\n' +
      batch(305, [record(15)]) +
      batch(310, [record(20)]),
  );
  assert.equal(tab.rows.map(([kind]) => kind), [KIND.line, KIND.lost, KIND.line, KIND.end, KIND.skip, KIND.line, KIND.skip, KIND.line]);
  assert.match(tab.texts[1] ?? '', /^12 lines missing here: web1 2-13$/);
  assert.match(tab.texts[4] ?? '', /^300 lines not shown/);
  assert.match(tab.texts[6] ?? '', /^4 lines not shown/);
  assert.is(tab.intake.lostNow, 12);
  tab.take(batch(311, [record(4), record(7)]));
  assert.is(tab.intake.lostNow, 10, 'of the lost two came late');
  assert.is(tab.intake.skipped, 304);
  assert.is(tab.store.lines, 6);
});

test('entries left out for a reason that this page does not know are told as missing', () => {
  const tab = new Tab();
  tab.take(hello() + '{"@":"skip","from":"e1.1","to":"e1.3","count":3,"why":"tired"}\n');
  assert.equal(tab.texts, ['3 lines not shown: they are missing in what the server sent']);
});

test('an entry that is no record is shown, and the others with it', () => {
  const tab = new Tab();
  tab.take(hello() + batch(1, [record(1), 'null', '[1,2', '{"id":"unframed","ts":1,"msg":"raw","bad":"not JSON"}', record(2)]));
  assert.equal(tab.rows.map(([kind, id, , text]) => [kind, id, text.trim()]), [
    [KIND.line, 'web1', 'line 1'],
    ...['null', '[1,2', 'raw'].map((text) => [KIND.bad, 'unframed', text]),
    [KIND.line, 'web1', 'line 2'],
  ]);
});

test('what is not the feed ends the connection, and the cursor holds', () => {
  const lines = [hello() + record(1), batch(1, many(1, 2)), `${hello()}{"@":"batch","count":3}`, `${hello()}{"@":`];
  for (const wrong of ['<html>', 'null', ...lines]) {
    const tab = new Tab();
    assert.throws(() => tab.take(`${wrong}\n`), undefined, wrong);
  }
  const tab = new Tab();
  tab.take(hello() + batch(1, many(1, 3)));
  assert.throws(() => tab.take(`${batch(4, [record(4)])}what is this\n`));
  assert.is(tab.feed.cursor, 'e1.4');
  assert.throws(() => new Tab().take(new Uint8Array(9 * 1024 * 1024).fill(0x61)), /too long/);
});

test('the memory is bounded by lines and by bytes, and what is dropped is counted', () => {
  const tab = new Tab({ lines: 5000, bytes: 1e9 });
  tab.take(hello());
  for (let at = 1; at < 20_000; at += 1000) {
    tab.take(batch(at, many(at, 1000)));
    tab.store.trim();
    assert.ok(tab.store.lines <= 5000 && tab.store.lines + tab.store.dropped === at + 999);
  }
  assert.is(tab.rows.at(-1)?.[2], 20_000);
  assert.is(tab.rows[0]?.[2], tab.store.dropped + 1);
  assert.is(tab.store.chunkOf(tab.store.first), tab.store.chunks[0]);
  assert.is(tab.store.chunkOf(tab.store.first - 1), undefined);

  const small = new Tab({ lines: 1e9, bytes: 3_000_000 });
  small.take(hello());
  for (let at = 1; at <= 100; at++) {
    small.take(batch(at, [record(at, 'x'.repeat(100_000))]));
    small.store.trim();
    assert.ok(small.store.bytes <= 3_000_000, `${small.store.bytes} bytes`);
  }
  assert.is(small.rows.at(-1)?.[2], 100);
});

test('numbers of a run: each is taken once, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 120 }), (numbers) => {
      const runs = new Runs();
      const seen = new Set<number>();
      for (const n of numbers) {
        assert.is(runs.take('a\nr', n), !seen.has(n), `${n} of ${numbers.join()}`);
        seen.add(n);
      }
    }),
  );
  const runs = new Runs();
  assert.ok(runs.take('a\nr', 1) && runs.take('b\nr', 1) && runs.take('a\ns', 1) && !runs.take('a\nr', 1));
  for (let i = 0; i < 100_000; i++) runs.take(`hostile\n${i}`, 1);
  assert.ok(runs.take('a\nr', 1), 'long past runs are forgotten');
});

test('how busy streams were, from counts', () => {
  const sparks = new Sparks();
  const ask = (lines: number, now: number): number[] => {
    const rates = sparks.of('a', lines, now);
    sparks.forget();
    return rates;
  };
  assert.equal([ask(100, 0), ask(300, 2000), ask(300, 4000), ask(5, 6000), ask(25, 8000)], [[], [100], [100, 0], [100, 0], [100, 0, 10]]);
  for (let i = 1; i <= 50; i++) ask(25 + i, 8000 + i * 1000);
  assert.equal(ask(76, 59_000), Array.from({ length: KEPT }, () => 1));
  sparks.forget();
  assert.equal(ask(80, 60_000), [], 'forgotten when the server does not name it');
});

test.run();
