/** A machine for the tests: systemd booted in namespaces over this one's files (systemd.sh), with the tree's commands and units installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, type Result, type Running } from './sh.ts';

const HELPER = fileURLToPath(new URL('systemd.sh', import.meta.url));
const TREE = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export class Machine {
  /** A folder that is the same inside and outside. */
  readonly dir: string;
  readonly #state: string;

  private constructor(dir: string) {
    this.dir = dir;
    this.#state = join(dir, 'machine');
  }

  /** Boot in a folder of its own; at the end of this process both are gone. Gives the reason instead where this machine cannot. */
  static forProcess(): Machine | string {
    const dir = mkdtempSync(join(tmpdir(), 'lm-test-'));
    const machine = Machine.boot(dir);
    process.on('exit', () => {
      if (typeof machine !== 'string') machine.down();
      rmSync(dir, { recursive: true, force: true });
    });
    return machine;
  }

  /** Boot and, unless told otherwise, install. Gives the reason instead where this machine cannot. */
  static boot(dir: string, install = true): Machine | string {
    const machine = new Machine(dir);
    const { status, stderr } = spawnSync(HELPER, ['up', machine.#state, TREE, dir], { encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'ignore', 'pipe'] });
    if (status === 77) return stderr.trim();
    if (status !== 0) throw new Error(`systemd did not boot: ${stderr}`);
    if (install) machine.run(`cd ${TREE} && make -o all install PREFIX=/usr/local && systemctl daemon-reload`);
    return machine;
  }

  /** Without --norc bash would read root's .bashrc each time: with a socket as standard input, as Node makes it, it thinks itself started by ssh. */
  get #shell(): string[] {
    return ['in', this.#state, 'bash', '--norc', '-c'];
  }

  /** Run a shell line in there to its end, whatever its status is. */
  try(line: string): Result {
    const p = spawnSync(HELPER, [...this.#shell, line], { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 });
    if (p.error) throw p.error;
    return { out: p.stdout, err: p.stderr, code: p.status };
  }

  /** The same, and what it printed. Throws when it fails. */
  run(line: string): string {
    const { out, err, code } = this.try(line);
    if (code !== 0) throw new Error(`${line}: exit ${code}\n${out}${err}`);
    return out;
  }

  /** Start a shell line in there. */
  start(line: string): Running {
    return start(HELPER, [...this.#shell, line]);
  }

  /** Write a file in there. */
  write(path: string, text: string): void {
    const copy = join(this.dir, 'file');
    writeFileSync(copy, text);
    this.run(`mkdir -p $(dirname '${path}') && cp ${copy} '${path}'`);
  }

  /** A property of a unit, as systemctl shows it. */
  show(unit: string, property: string): string {
    return this.run(`systemctl show -P ${property} ${unit}`).trim();
  }

  /** Wait until a condition holds, a shell line, looked at five times a second; throws after that many seconds, with what the journal says. */
  waits(condition: string, seconds = 40): void {
    const { code } = this.try(`end=$((SECONDS + ${seconds})); until ${condition}; do [ $SECONDS -lt $end ] || exit 1; sleep 0.2; done`);
    if (code !== 0) throw new Error(`waited ${seconds} s for ${condition}\n${this.run('journalctl -n 40 -o cat -u "lm-*"')}`);
  }

  /** Run a shell line that makes a unit's process go away, and wait until there is another one by itself. Gives what it printed. */
  replaced(unit: string, line: string): string {
    const before = this.show(unit, 'MainPID');
    const out = this.run(line);
    this.waits(`systemctl show -p ActiveState,MainPID ${unit} | sort | xargs | grep '^ActiveState=active ' | grep -vq ' MainPID=${before}$'`);
    return out;
  }

  down(): void {
    spawnSync(HELPER, ['down', this.#state], { timeout: 30_000 });
  }
}
