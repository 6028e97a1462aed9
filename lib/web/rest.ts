/** All that is fetched later (later.ts): sheets, histogram, lists of filters, fields as a tree, the search for streams, what stands where no lines are, or over lines that stand still, the title, and what is taken away. */
import './page.tsx'; // has it in one file, with all that both need

export { showBadge } from './badge.ts';
export { Chips } from './chips.tsx';
export { Empty } from './empty.tsx';
export { FieldTree } from './fieldtree.ts';
export { ranked } from './fuzzy.ts';
export { Histogram } from './histogram.tsx';
export { openPalette } from './palette.tsx';
export { Pill } from './pill.tsx';
export { Recent } from './recent.tsx';
export { Sheets } from './sheets.tsx';
export { makeTakings } from './takings.ts';
export { moveTogether } from './together.ts';

// Browsers keep it, once it has been read to its end, so that the first filter needs no server, nor one of this version (match-start.ts).
fetch(new URL('match.js', import.meta.url)).then((it) => it.text()).catch(() => {});
