/** The filter's regular expression: whether it is one, and as it is run over lines. */

/** Why a pattern is no regular expression, in the engine's own words; undefined if it is one. */
export function patternFault(source: string): string | undefined {
  try {
    new RegExp(source);
    return undefined;
  } catch (err) {
    const text = err instanceof Error ? err.message : String(err);
    return text.replace(/^Invalid regular expression: (?:\/.*\/[a-z]*: )?/s, '');
  }
}

/**
 * The expression as it is run. A leading `.*` changes nothing about which lines match, but makes the search quadratic in the length
 * of a line, so it is left out. Throws what `new RegExp` throws.
 */
export function compile(source: string, fold: boolean, all: boolean): RegExp {
  new RegExp(source);
  return new RegExp(source.replace(/^(?:\^?\.\*\??)+/, ''), (fold ? 'i' : '') + (all ? 'g' : ''));
}

/** The most marks of one line. */
const MAX_MARKS = 500;

/** Where the expression (made with `all`) matches in the text: start, end, start, end... Empty matches are left out. */
export function marksIn(text: string, regex: RegExp): number[] {
  const marks: number[] = [];
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match && marks.length < MAX_MARKS * 2; match = regex.exec(text)) {
    if (match[0] === '') regex.lastIndex++;
    else marks.push(match.index, match.index + match[0].length);
  }
  return marks;
}
