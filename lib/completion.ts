/** Completions of the shells, made from a command's option table. */
import { optionsOf, type Command, type Option } from './cli.ts';

type Entry = Option & { name: string };

/** What may stand for a value or an operand: words to choose from, paths, host names, or anything. */
type Kind = { words: string[] } | 'path' | 'host' | 'any';

/** Placeholders that name a file, a folder or a named pipe. */
const PATHS = new Set(['file', 'dir', 'folder', 'directory', 'journal', 'path', 'pipe', 'users', 'pem']);

function kindOf(placeholder: string): Kind {
  if (/^[a-z0-9]+(\|[a-z0-9]+)+$/.test(placeholder)) return { words: placeholder.split('|') };
  const word = placeholder.replace(/[^a-z].*$/, '');
  if (PATHS.has(word)) return 'path';
  return word === 'host' || word === 'address' ? 'host' : 'any';
}

function entriesOf(command: Command): Entry[] {
  return Object.entries(optionsOf(command)).map(([name, option]) => ({ ...option, name }));
}

function operandKind(command: Command): Kind {
  return kindOf((command.operands ?? '').replace(/^\[+/, ''));
}

/** A shell function's name for a command. */
function functionOf(command: Command): string {
  return `_${command.name.replaceAll('-', '_')}`;
}

/** `text` in single quotes, for any of the three shells: fish alone also needs its backslashes doubled, so none may be in it. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '/').replaceAll("'", '’')}'`;
}

function bashAnswer(kind: Kind): string {
  if (typeof kind === 'object') return `COMPREPLY=($(compgen -W '${kind.words.join(' ')}' -- "$cur"))`;
  if (kind === 'path') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")';
  return kind === 'host' ? 'COMPREPLY=($(compgen -A hostname -- "$cur"))' : 'COMPREPLY=()';
}

/** A file for bash, as bash-completion(7) loads it at the first use; it also works sourced, without that package. */
export function bashCompletion(command: Command): string {
  const entries = entriesOf(command);
  const spellings = entries.flatMap((e) => [...(e.letter ? [`-${e.letter}`] : []), `--${e.name}`]);
  const cases = entries.filter((e) => e.value).map((e) =>
    `    ${e.letter ? `-${e.letter}|` : ''}--${e.name}) ${bashAnswer(kindOf(e.value ?? ''))}; return;;`);
  return `# bash completion for ${command.name}, made from its option table
${functionOf(command)}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  # --name=value comes as three words
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $prev in
${cases.join('\n')}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${spellings.join(' ')}' -- "$cur")); return; fi
  ${bashAnswer(operandKind(command))}
}
complete -F ${functionOf(command)} ${command.name}
`;
}

function zshAction(kind: Kind): string {
  if (typeof kind === 'object') return `(${kind.words.join(' ')})`;
  return kind === 'path' ? '_files' : kind === 'host' ? '_hosts' : ' ';
}

/** Text for a specification of _arguments, where colons and brackets mean something. */
function zshText(text: string): string {
  return text.replace(/[:[\]]/g, '\\$&');
}

/** A file for zsh, to stand in a folder of $fpath as `_NAME`. */
export function zshCompletion(command: Command): string {
  const specs = entriesOf(command).map((e) => {
    const value = e.value ? `:${zshText(e.value)}:${zshAction(kindOf(e.value))}` : '';
    const help = `[${zshText(e.help)}]`;
    const short = e.letter ? `-${e.letter}${e.value ? '+' : ''}` : '';
    const long = `--${e.name}${e.value ? '=' : ''}`;
    const text = (spelling: string): string => `${spelling}${help}${value}`.replaceAll("'", '’');
    if (e.many) return [short, long].filter(Boolean).map((spelling) => `'*${text(spelling)}'`).join(' ');
    return short ? `'(-${e.letter} --${e.name})'{${short},${long}}'${text('')}'` : `'${text(long)}'`;
  });
  const operands = command.operands ? [`'*:${zshText(command.operands)}:${zshAction(operandKind(command))}'`] : [];
  return `#compdef ${command.name}
# zsh completion for ${command.name}, made from its option table
_arguments -s -S \\
  ${[...specs, ...operands].join(' \\\n  ')}
`;
}

function fishValue(kind: Kind): string {
  if (typeof kind === 'object') return ` -x -a ${quoted(kind.words.join(' '))}`;
  if (kind === 'path') return ' -r -F';
  return kind === 'host' ? " -x -a '(__fish_print_hostnames)'" : ' -x';
}

/** A file for fish, to stand among its completions as `NAME.fish`. */
export function fishCompletion(command: Command): string {
  const kind = operandKind(command);
  const operands = kind === 'path' ? [] : [`complete -c ${command.name} -f${kind === 'host' ? " -a '(__fish_print_hostnames)'" : ''}`];
  const options = entriesOf(command).map((e) => {
    const letter = e.letter ? ` -s ${e.letter}` : '';
    return `complete -c ${command.name}${letter} -l ${e.name}${e.value ? fishValue(kindOf(e.value)) : ''} -d ${quoted(e.help)}`;
  });
  return `# fish completion for ${command.name}, made from its option table\n${[...operands, ...options].join('\n')}\n`;
}
