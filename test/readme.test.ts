import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');

/** What a file says it is for, in its first comment. */
function purpose(path: string): string {
  return /^\/\*\* (.*?)(?: \*\/)?$/m.exec(readFileSync(root + path, 'utf8'))?.[1] ?? '';
}

test('the code map names every file, once, with what its first line says', () => {
  const files = readdirSync(`${root}lib`, { recursive: true, encoding: 'utf8' })
    .map((path) => `lib/${path}`)
    .filter((path) => /\.tsx?$/.test(path));
  const mapped = [...readme.matchAll(/^- `(lib\/[^`]+)`: (.*)$/gm)].map((m) => [m[1], m[2]]);
  assert.equal(mapped.map(([path]) => path).sort(), files.sort());
  for (const [path = '', text] of mapped) assert.is(text, purpose(path), path);
});

test('the table of commands has every command', () => {
  const commands = readdirSync(`${root}cmd`).map((name) => name.replace('.ts', ''));
  for (const name of commands) assert.match(readme, new RegExp(`^\\| \`${name}\` \\|`, 'm'));
});

test('the usual files end in a newline and hold no tabs or trailing blanks in prose', () => {
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE']) {
    const text = readFileSync(root + name, 'utf8');
    assert.ok(text.endsWith('\n') && !/[ \t]+$/m.test(text), name);
  }
});

test.run();
