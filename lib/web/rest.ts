/** All that is fetched later (later.ts): sheets, histogram, lists of filters, fields as a tree, the search for streams, what stands where no lines are, and what is taken away. */
import './page.tsx'; // has it in one file, with all that both need

export { Chips } from './chips.tsx';
export { Empty } from './empty.tsx';
export { FieldTree } from './fieldtree.ts';
export { ranked } from './fuzzy.ts';
export { Histogram } from './histogram.tsx';
export { openPalette } from './palette.tsx';
export { Recent } from './recent.tsx';
export { Sheets } from './sheets.tsx';
export { makeTakings } from './takings.ts';
