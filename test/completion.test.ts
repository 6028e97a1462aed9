/** Options are the same everywhere: in a command's table, its help, its usage line, its manual page, and the completions of three shells. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { optionsOf, usage, type Command } from '../lib/cli.ts';
import { readTables } from '../lib/tables.ts';
import { BIN, sh } from './sh.ts';

const COMPLETIONS = join(BIN, '../completions');
const tables = await readTables();

/** Every spelling an option table allows: -v and --verbose. */
function spellings(command: Command): string[] {
  return Object.entries(optionsOf(command)).flatMap(([name, o]) => [...(o.letter ? [`-${o.letter}`] : []), `--${name}`]).sort();
}

/** What `.Fl` says in a line of mdoc(7): `.Op Fl hvV` is three letters, `.Fl -max` a long option. */
function flagsIn(line: string): string[] {
  return [...line.matchAll(/(?:^\.|\s)Fl\s+(-?[A-Za-z][A-Za-z0-9-]*)/g)].flatMap(([, flag = '']) => (flag.startsWith('-') ? [`-${flag}`] : [...flag].map((c) => `-${c}`)));
}

/** The lines of one section of a page. */
function section(page: string, name: string): string[] {
  return (page.split(`\n.Sh ${name}\n`)[1] ?? '').split('\n.Sh ')[0]?.split('\n') ?? [];
}

const unique = (list: string[]): string[] => [...new Set(list)].sort();

for (const command of tables.values()) {
  const { name } = command;

  test(`${name}: -h and the usage line say what the table says`, () => {
    const shown = sh(`${name} -h`).out;
    assert.is(shown.split('\n')[0], usage(command));
    const rows = shown.split('\n').filter((line) => /^ {2}( {4}|-)/.test(line)).flatMap((line) => line.match(/^ {2}(?:(-\w), | {4})(--[\w-]+)/)?.slice(1).filter(Boolean) ?? []);
    assert.equal(rows.sort(), spellings(command));
    const [, flags = '', rest = ''] = /^usage: \S+ \[-(\w+)\](.*)$/.exec(usage(command)) ?? [];
    const used = [...[...flags].map((c) => `-${c}`), ...[...rest.matchAll(/\[(--?[\w-]+)/g)].map((m) => m[1] ?? '')];
    const expected = Object.entries(optionsOf(command)).map(([long, o]) => (o.letter ? `-${o.letter}` : `--${long}`));
    assert.equal(used.sort(), expected.sort());
  });

  test(`${name}: the manual page says what the table says`, () => {
    const path = `man/${name}.1`;
    assert.ok(existsSync(path), `no ${path}`);
    const page = readFileSync(path, 'utf8');
    const headings = section(page, 'OPTIONS').filter((line) => line.startsWith('.It Fl')).flatMap(flagsIn);
    assert.equal(unique(headings), spellings(command), 'OPTIONS');
    const shown = unique(section(page, 'SYNOPSIS').flatMap(flagsIn));
    const expected = Object.entries(optionsOf(command)).map(([long, o]) => (o.letter ? `-${o.letter}` : `--${long}`));
    assert.equal(shown, expected.sort(), 'SYNOPSIS');
    const lines = page.split('\n');
    const others = /^\.(Xr|Nm \w)/; // what follows is another program's
    const foreign = lines.filter((line, i) => {
      const ours = !lines.slice(Math.max(0, i - 3), i + 1).some((before) => others.test(before));
      return ours && flagsIn(line).some((flag) => !spellings(command).includes(flag));
    });
    assert.equal(foreign, [], 'an option that is not in the table');
  });

  test(`${name}: bash completes every option`, () => {
    const complete = `source ${COMPLETIONS}/bash/${name}; COMP_WORDS=(${name} -); COMP_CWORD=1; _${name.replaceAll('-', '_')}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { out, err } = sh(complete);
    assert.is(err, '');
    assert.equal(out.trim().split('\n').sort(), spellings(command));
  });

  test(`${name}: fish completes every option`, () => {
    const { out, err } = sh(`cd ${COMPLETIONS}/fish && HOME=$(mktemp -d) fish -N -c 'source ${name}.fish; complete -C "${name} -"; complete -C "${name} --"'`);
    assert.is(err, '');
    assert.equal(unique(out.trim().split('\n').map((line) => line.split('\t')[0] ?? '').map((word) => word.replace(/=$/, ''))), spellings(command));
  });

  test(`${name}: zsh completes every option`, () => {
    const script = `
      autoload -Uz compinit; fpath=(${COMPLETIONS}/zsh $fpath); compinit -D -u
      zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z 'PS1=; stty -echo; fpath=(${COMPLETIONS}/zsh $fpath); autoload -Uz compinit; compinit -D -u'
      zpty -w z 'comppostfuncs=(show); show() { compstate[insert]=; compstate[list]= }; LISTMAX=10000; COLUMNS=1000; LINES=1000'
      zpty -w z 'compadd() { builtin compadd -A got "$@"; print -rl -- "<"$^got">"; builtin compadd "$@" }; print REA""DY'
      zpty -r -m z _ '*READY*'
      zpty -n -w z $'${name} -\\t'
      zpty -w z $'\\C-u'; zpty -w z 'print DO""NE'
      zpty -r -m z all '*DONE*'; print -r -- "$all"`;
    const { out } = sh('zsh -f', script);
    const found = unique([...out.matchAll(/<(--?[\w-]+)>/g)].map((m) => m[1] ?? ''));
    assert.equal(found, spellings(command), out);
  });
}

test('values and operands: words, files, and nothing where nothing can be known', () => {
  const bash = (name: string, ...words: string[]): string[] => {
    const quoted = words.map((w) => `'${w}'`).join(' ');
    return sh(`cd / && source ${COMPLETIONS}/bash/${name}; COMP_WORDS=(${name} ${quoted}); COMP_CWORD=${words.length}; _${name.replaceAll('-', '_')} 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`).out.trim().split('\n');
  };
  assert.equal(bash('lm-fifo', '--on-full', ''), ['block', 'drop']);
  assert.equal(bash('lm-fifo', '--on-full', '=', 'd'), ['drop']);
  assert.equal(bash('lm-serve', '-u', 'et'), ['etc']);
  assert.equal(bash('lm-serve', '--users', '=', 'et'), ['etc']);
  assert.equal(bash('lm-serve', 'et'), ['etc']);
  assert.equal(bash('lm-frame', '-m', ''), ['']);
});

test.run();
