// Draws what a program printed, colours and all, as an SVG: standard input to standard output.
// The picture in the README is made with it:
//   npm run demo -- --once
//   { echo '$ onrecord log --identity billing-agent'; FORCE_COLOR=1 npx --no onrecord log --identity billing-agent \
//     --config .demo/onrecord.yaml; echo '$ onrecord show latest/19'; FORCE_COLOR=1 npx --no onrecord show latest/19 \
//     --config .demo/onrecord.yaml; } | node scripts/run.mjs run scripts/terminal-to-svg.ts > docs/images/timeline.svg
import { readFileSync } from 'node:fs';

const cell = { width: 8, height: 19, font: 13.2 };
const margin = 18;
const background = '#16181d';
const foreground = '#d6d9e0';
/** SGR 31 to 36. */
const colors = ['#f0717b', '#8cc570', '#e5c07b', '#6cb2f7', '#cf8ef4', '#56c2c9'];

interface Look {
  readonly color?: string | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
}

/** The look after an SGR parameter; those that are not known change nothing. */
function styled(look: Look, code: number): Look {
  if (code === 0) return {};
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 3) return { ...look, italic: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 23) return { ...look, italic: false };
  if (code === 39) return { ...look, color: undefined };
  const color = colors[code - 31];
  return color === undefined ? look : { ...look, color };
}

/** Columns of a text. BUG: wide characters count as one. */
function widthOf(text: string): number {
  return [...text].length;
}

/** Spaces become such that do not collapse. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');
}

function attributes({ color, bold, dim, italic }: Look): string {
  const set = [
    color === undefined ? '' : ` fill="${color}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
    italic ? ' font-style="italic"' : '',
  ];
  return set.join('');
}

/** One line as text elements, each at its column; a look may go on in the next line. */
function drawLine(line: string, y: number, before: Look): { readonly svg: string; readonly after: Look } {
  let [look, column, svg] = [before, 0, ''];
  // Every other part is what stands between ESC [ and m.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what escape sequences begin with
  for (const [at, part] of line.split(/\x1b\[([\d;]*)m/).entries()) {
    if (at % 2 === 1) look = part.split(';').map(Number).reduce(styled, look);
    else if (part.trim() === '') column += widthOf(part);
    else {
      const x = margin + column * cell.width;
      const width = widthOf(part);
      svg += `<text x="${x}" y="${y}" textLength="${width * cell.width}"${attributes(look)}>${escaped(part)}</text>`;
      column += width;
    }
  }
  return { svg, after: look };
}

const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what escape sequences begin with
const columns = Math.max(...lines.map((line) => widthOf(line.replaceAll(/\x1b\[[\d;]*m/g, ''))));
const [width, height] = [2 * margin + columns * cell.width, 2 * margin + lines.length * cell.height];
let look: Look = {};
const drawn = lines.map((line, at) => {
  const { svg, after } = drawLine(line, margin + (at + 0.75) * cell.height, look);
  look = after;
  return svg;
});
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${escaped(lines.find((line) => line.startsWith('$ '))?.slice(2) ?? 'terminal')}</title>
<rect width="100%" height="100%" rx="8" fill="${background}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="${cell.font}" fill="${foreground}">
${drawn.filter((svg) => svg !== '').join('\n')}
</g>
</svg>`);
