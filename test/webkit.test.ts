/** The page in the engine of Safari, where it is installed: its main way, and what its style sheet and its console say there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mainWay, says, unknownRules } from './engine.ts';
import { record, records, serving } from './serving.ts';
import { timed, until } from './sh.ts';
import { consoleOf, MISSING, withWebKit, type WebKit } from './webkit.ts';

const inWebKit = (body: (web: WebKit) => Promise<void>): (() => Promise<void>) => timed(90_000, () => withWebKit(body));
const here = MISSING === undefined ? test : test.skip;
if (MISSING !== undefined) console.log(`SKIPPED webkit.test.ts: ${MISSING}`);

here('the main way', inWebKit(mainWay));

/** Only looks a little different without them, or is not needed there. */
const DO_WITHOUT = ['scrollbar-color', 'overflow-anchor', 'overflow-clip-margin', 'forced-color-adjust'];

here('the style sheet is understood: what is not selected, what is underlined, what lies above; and few rules are passed over', inWebKit((web) =>
  serving([], async (server) => {
    await server.feed(`${records('web1', 1, 5)}no record\n${record('late', 1)}`);
    await web.open(`${server.url}/`);
    await says(web, /^7 lines$/);
    const unknown = await unknownRules(web, (await server.ask('/page.css')).text);
    assert.equal(unknown.filter((rule) => !DO_WITHOUT.some((name) => rule.startsWith(`${name}:`))), []);
    const [from, to] = [await web.placeOf('.row .time'), await web.placeOf('.row .text')];
    await web.drag({ x: from.x, y: from.y - 60 }, { x: to.x, y: to.y - 20 });
    await until(async () => (await web.run('return String(getSelection())')) !== '', 10_000, () => 'a selection');
    assert.not.match(await web.run('return String(getSelection())'), /:|web1/, 'times and streams are not selected');
    const underline = await web.run(`const { textDecorationLine, textDecorationStyle } = getComputedStyle(document.querySelector('.row.bad .text'));
      return [textDecorationLine, textDecorationStyle].join(' ')`);
    assert.is(underline, 'underline dotted', 'a line that was no record');
    await server.feed(record('web1', 6, JSON.stringify({ level: 'info', msg: 'long '.repeat(100) })));
    await says(web, /^8 lines$/);
    const aside = 'document.querySelector("#log").scrollLeft = 150; return document.querySelector(".aside") !== null';
    await until(() => web.run<boolean>(aside), 10_000, () => 'times that stay in sight');
    const above = await web.run(`const { x, y, width, height } = document.querySelector('.twist:not([hidden])').getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2).className`);
    assert.is(above, 'time', 'what opens a line passes below its time');
  }),
));

here('the console has nothing to complain of but a hint for phones', timed(60_000, () =>
  serving([], async (server) => {
    await server.feed(records('web1', 1, 500));
    const said = await consoleOf(`${server.url}/#filter=7&find=77`, async () => {
      await until(async () => /^lm_serve_followers\{route="live"\} 1$/m.test((await server.ask('/metrics')).text), 30_000, () => 'the page to follow');
      await new Promise((resolve) => setTimeout(resolve, 2000));
    });
    assert.equal(said.filter((line) => !line.includes('"interactive-widget" not recognized')), []);
  }),
));

test.run();
