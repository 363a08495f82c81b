/** Everything that is known of one statement, for `show` and `replay`. */
import type { TransactionStatus } from '@onrecord/record';
import type { MessageView, StatementView } from '../../store/views.ts';
import { maskOf } from './control-facts.ts';
import { maskLines, policyLines } from './control-lines.ts';
import { copyLines } from './copy.ts';
import { cutLine, foldLine, type Line, linesOf, paintLines, recorded, type Span, span } from './line.ts';
import type { Look } from './look.ts';
import { onBehalfOfSpans } from './on-behalf-of.ts';
import { outcomeMark } from './outcome.ts';
import { formatBytes, formatCount, formatDuration, groupDigits } from './quantity.ts';
import { sqlLines } from './sql.ts';
import { tableLines } from './table.ts';
import { cellSpans, isNumeric, parameterSpans } from './value.ts';
import { formatMoment, wallTime } from './wall-time.ts';

/** The whole statement, its lines at most `look.width` columns wide. */
export function renderStatement(view: StatementView, look: Look): string {
  return paintLines([...statementTitle(view, look), [], ...statementBody(view, look)], look.color);
}

/** Who, when, and how it ended. */
export function statementTitle(view: StatementView, look: Look): Line[] {
  const mark = outcomeMark(view.outcome);
  return [
    [
      span(`${mark.sign} `, mark.style),
      ...recorded(`${view.session}/${view.n}`, 'heading'),
      span('  '),
      ...recorded(view.identity, 'accent'),
      ...onBehalfOfSpans(view.onBehalfOf),
      span(' → ', 'dim'),
      ...recorded(view.connection, 'accent'),
    ],
    [span('  '), span(`${wallTime(view.at, look.timeZone).weekday} ${formatMoment(view.at, look.timeZone)}`)],
  ].map((line) => cutLine(line, look.width));
}

/** What was asked, with what, and what came of it. */
export function statementBody(view: StatementView, look: Look): Line[] {
  return [
    ...askedLines(view, look),
    ...parameterLines(view, look),
    ...policyLines(view, look),
    ...outcomeLines(view, look),
    ...errorLines(view, look),
    ...noticeLines(view, look),
    ...maskLines(view, look),
    ...rowLines(view, look),
    ...(view.copy ? copyLines(view.copy, look) : []),
  ].map((line) => cutLine(line, look.width));
}

/** The first character the error points at, when it points into this text and not into a longer Query. */
function faultIn(view: StatementView): number | undefined {
  const alone = view.position === undefined || view.position.index === 0;
  return alone ? view.error?.position : undefined;
}

function askedLines(view: StatementView, look: Look): Line[] {
  const facts = [
    kinds[view.kind],
    view.position && `statement ${view.position.index + 1} of ${view.position.count} in one Query`,
    view.statementName && `prepared as ${view.statementName}`,
    view.portal && `portal ${view.portal}`,
  ].filter((fact) => fact !== undefined && fact !== '');
  const sql = view.sql.trim() === '' ? [[span('(empty)', 'dim')]] : sqlLines(view.sql, look.width - 2, faultIn(view));
  return [
    ...indented([recorded(facts.join(', '), 'dim')], look),
    [],
    ...sql.map((line) => [span('  '), ...line]),
    [],
    ...(view.redacted ? [...note('Password literals were replaced before the text was recorded.', look), []] : []),
  ];
}

const kinds: { readonly [Kind in StatementView['kind']]: string } = {
  simple: 'simple query',
  execute: 'extended query',
  fetch: 'further rows of a portal',
  prepare: 'prepared, not executed here',
  bind: 'bound, not executed here',
  call: 'function call',
  replication: 'replication command',
};

function parameterLines(view: StatementView, look: Look): Line[] {
  if (view.parameters.length === 0) return [];
  const names = view.parameters.map((_, i) => `$${i + 1}`);
  const nameWidth = Math.max(...names.map((name) => name.length));
  const typeWidth = Math.min(16, Math.max(...view.parameters.map(({ typeName }) => typeName.length)));
  return [
    heading('Parameters'),
    ...view.parameters.flatMap((value, i) => {
      const label: Line = [
        span('  '),
        span((names[i] ?? '').padEnd(nameWidth), 'parameter'),
        span('  '),
        ...recorded(value.typeName.padEnd(typeWidth), 'dim'),
        span('  '),
      ];
      return foldLine([...label, ...parameterSpans(value)], look.width, 6 + nameWidth + typeWidth);
    }),
    [],
  ];
}

function outcomeLines(view: StatementView, look: Look): Line[] {
  const mark = outcomeMark(view.outcome);
  const outcome: Span[] = [span(mark.meaning, mark.style)];
  if (view.commandTag !== undefined) outcome.push(span(' · ', 'dim'), ...recorded(view.commandTag));
  if (view.columns.length > 0 || view.rowCount > 0) {
    outcome.push(span(' · ', 'dim'), span(`${formatCount(view.rowCount, 'row')}, ${formatBytes(view.rowBytes)}`));
  }
  const lines: Line[] = [[...label('Outcome'), ...outcome]];
  if (view.reason !== undefined) lines.push([...label('Reason'), ...recorded(view.reason)]);
  for (const at of view.cancelRequestedAt) {
    lines.push([
      ...label('Cancel'),
      span(`requested ${formatDuration(Math.max(0, at - view.at))} after it arrived, ${clock(at, look)}`),
    ]);
  }
  const timings = [
    view.forwardedUs !== undefined && `forwarded after ${formatDuration(view.forwardedUs)}`,
    view.firstByteUs !== undefined && `first answer ${formatDuration(view.firstByteUs)}`,
    view.durationUs !== undefined && `ended ${formatDuration(view.durationUs)}`,
  ].filter((timing) => timing !== false);
  if (timings.length > 0) lines.push([...label('Timing'), span(timings.join(' · '))]);
  lines.push([...label('Transaction'), ...transactionSpans(view.transactionBefore, view.transactionAfter)]);
  view.fetches.forEach((fetch) => {
    const limit = fetch.maxRows === undefined ? 'all rows' : `at most ${formatCount(fetch.maxRows, 'row')}`;
    lines.push([
      ...label('Fetch'),
      span(
        `/${fetch.n} at ${clock(fetch.at, look)}, ${limit}: ${formatCount(fetch.rowCount, 'row')}, ${fetch.outcome}`,
      ),
    ]);
  });
  if (view.traceparent !== undefined) {
    lines.push([...label('Trace'), ...recorded(view.traceparent), span(' (claimed)', 'dim')]);
  }
  return [...lines.flatMap((line) => foldLine(line, look.width, labelWidth)), []];
}

const transactionWords: { readonly [Status in TransactionStatus]: string } = {
  I: 'none',
  T: 'open',
  E: 'failed',
};

function transactionSpans(before: TransactionStatus, after: TransactionStatus | undefined): Line {
  const word = (status: TransactionStatus): Span =>
    span(transactionWords[status], status === 'E' ? 'bad' : status === 'T' ? 'accent' : undefined);
  if (after === undefined) return [word(before), span(' → not known', 'dim')];
  return before === after ? [word(before)] : [word(before), span(' → ', 'dim'), word(after)];
}

function errorLines(view: StatementView, look: Look): Line[] {
  if (view.error === undefined) return [];
  const lines = [heading('Error'), ...messageLines(view.error, look)];
  if (view.error.position !== undefined && faultIn(view) === undefined) {
    lines.push(...note(`At character ${view.error.position} of the whole Query.`, look));
  }
  return [...lines, []];
}

function noticeLines(view: StatementView, look: Look): Line[] {
  if (view.notices.length === 0 && view.noticesDropped === 0) return [];
  const lines = [heading('Notices'), ...view.notices.flatMap((notice) => messageLines(notice, look))];
  if (view.noticesDropped > 0) {
    lines.push(...note(`${formatCount(view.noticesDropped, 'further notice')} not kept.`, look));
  }
  return [...lines, []];
}

function messageLines(message: MessageView, look: Look): Line[] {
  const style = ['ERROR', 'FATAL', 'PANIC'].includes(message.severity) ? 'bad' : 'warning';
  const head = [
    ...recorded(message.severity, style),
    span(' '),
    ...recorded(message.sqlstate, style),
    span('  '),
    ...recorded(message.message, undefined, { multiline: true }),
  ];
  const more = [
    ['Detail: ', message.detail],
    ['Hint: ', message.hint],
  ].flatMap(([name, text]) =>
    text === undefined ? [] : [[span(name ?? '', 'dim'), ...recorded(text, undefined, { multiline: true })]],
  );
  return [head, ...more].flatMap((spans) => indented(linesOf(spans), look));
}

function rowLines(view: StatementView, look: Look): Line[] {
  if (view.columns.length === 0) return [];
  const columns = view.columns.map(({ name, typeName }, at) => ({
    title: maskOf(view, at) === undefined ? recorded(name) : [...recorded(name), span(' ▒', 'accent')],
    align: isNumeric(typeName) ? ('right' as const) : ('left' as const),
  }));
  const lines: Line[] = [
    heading('Rows'),
    ...tableLines(
      columns,
      view.rows.map((row) => row.map(cellSpans)),
      look.width,
    ),
  ];
  if (view.rows.length === 0) lines.push([span(view.rowCount === 0 ? ' (no rows)' : ' (rows not kept)', 'dim')]);
  if (view.truncatedAt !== undefined) {
    lines.push(
      ...note(
        `Truncated: the first ${groupDigits(view.truncatedAt)} of ${formatCount(view.rowCount, 'row')} were kept. ` +
          'The digest below is over all of them.',
        look,
        'warning',
      ),
    );
  }
  lines.push([]);
  view.digests.forEach((digest) => {
    lines.push(...foldLine([...label('SHA-256'), span(digest, 'dim')], look.width, labelWidth));
  });
  if (view.digests.length > 0) lines.push([]);
  return lines;
}

const labelWidth = 14;

function label(text: string): Line {
  return [span(`  ${text.padEnd(labelWidth - 2)}`, 'dim')];
}

function heading(text: string): Line {
  return [span(text, 'heading')];
}

function note(text: string, look: Look, style: 'dim' | 'warning' = 'dim'): Line[] {
  return indented([[span(text, style)]], look);
}

function indented(lines: readonly Line[], look: Look): Line[] {
  return lines.flatMap((line) => foldLine(line, look.width - 2).map((part) => [span('  '), ...part]));
}

function clock(at: number, look: Look): string {
  const { time, micros } = wallTime(at, look.timeZone);
  return `${time}.${micros.slice(0, 3)}`;
}
