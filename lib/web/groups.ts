/** Stream ids as a tree by their slashes, flattened into the rows that the list shows. */

/** A row of the list: a group of ids that begin alike, or one id; `label` is what is left of its name below the group it is in. */
export type Group = { group: string; label: string; depth: number; ids: string[]; open: boolean };
export type Leaf = { id: string; label: string; depth: number };

/** A group's name ends in a slash, an id's does not: so no node is both. */
type Node = { name: string; path: string; below: Map<string, Node> };

const byName = new Intl.Collator('en', { numeric: true });

const node = (name: string, path: string): Node => ({ name, path, below: new Map() });

/** Rows for these ids, by name; groups of at least two, those named in `shut` without what is in them. */
export function grouped(ids: Iterable<string>, shut: ReadonlySet<string>): (Group | Leaf)[] {
  const root = node('', '');
  for (const id of ids) {
    let at = root;
    const parts = id.split('/');
    parts.forEach((part, i) => {
      const name = i === parts.length - 1 ? part : `${part}/`;
      let next = at.below.get(name);
      if (!next) at.below.set(name, (next = node(name, at.path + name)));
      at = next;
    });
  }
  const rows: (Group | Leaf)[] = [];
  walk(root, '', 0, rows, shut);
  return rows;
}

const idsOf = ({ path, below }: Node): string[] => (below.size === 0 ? [path] : sorted(below).flatMap(idsOf));
const sorted = (below: Map<string, Node>): Node[] => [...below.values()].sort((a, b) => byName.compare(a.name, b.name));

/** `before` is the part of the label that comes from groups of one, which are no groups. */
function walk(parent: Node, before: string, depth: number, rows: (Group | Leaf)[], shut: ReadonlySet<string>): void {
  for (const here of sorted(parent.below)) {
    const label = before + here.name;
    if (here.below.size === 0) rows.push({ id: here.path, label, depth });
    else if (here.below.size === 1) walk(here, label, depth, rows, shut);
    else {
      const open = !shut.has(here.path);
      rows.push({ group: here.path, label, depth, ids: idsOf(here), open });
      if (open) walk(here, '', depth + 1, rows, shut);
    }
  }
}
