import { formatDuration } from '@onrecord/connector/config';
import type { SessionApproval } from '../../config/config.ts';
import type { Command } from '../../sql/analysis.ts';
import type { CommandIo } from '../command-io.ts';
import { type Style, wantsColor } from '../present/color.ts';
import { foldLine, type Line, paintLines, recorded, span } from '../present/line.ts';
import { sqlOnOneLine } from '../present/sql.ts';
import type { ExplainedMask, Explanation } from './explain-policy.ts';
import type { RuleAnswer } from './judge-text.ts';

/** Columns in front of what a line says. */
const label = 12;

const styles = { allow: 'good', approve: 'warning', deny: 'bad' } as const satisfies { [decision: string]: Style };

/** What `policy explain` says to people. */
export function renderExplanation(
  explanations: readonly Explanation[],
  { io, access }: { readonly io: CommandIo; readonly access: SessionApproval | undefined },
): string {
  const width = io.columns ?? 120;
  const before =
    access === undefined
      ? []
      : [fact('session', `opens only once ${access.count} of the group ${access.group} approved it`, 'warning')];
  const lines = explanations.flatMap((explanation, index) => [
    ...(index === 0 ? [] : [[]]),
    ...explanationLines(explanation, width),
  ]);
  return paintLines(
    [...before, ...lines].flatMap((line) => foldLine(line, width, label)),
    wantsColor(io.env, io.isTerminal),
  );
}

function explanationLines(explanation: Explanation, width: number): Line[] {
  const { sql, analysis, rules, masks } = explanation;
  return [
    sqlOnOneLine(sql, width),
    ...('why' in analysis ? [fact('unreadable', analysis.why, 'bad')] : analysis.commands.flatMap(commandLines)),
    ...('why' in analysis || analysis.unresolved.length === 0
      ? []
      : [fact('not found', analysis.unresolved.join(', '), 'warning')]),
    ...rules.map(ruleLine),
    ...verdictLines(explanation),
    ...masks.map(maskLine),
  ];
}

function fact(name: string, text: string, style?: Style): Line {
  return [span(`  ${name.padEnd(label - 2)}`, 'dim'), ...recorded(text, style)];
}

function commandLines(command: Command): Line[] {
  const { kind, via, reads, writes, functions } = command;
  const traits = [
    kind,
    ...(via === undefined ? [] : [`by way of ${via}`]),
    ...(command.isWrite ? ['writes'] : []),
    ...(command.isDdl ? ['changes definitions'] : []),
    ...(command.hasWhere ? [] : ['no condition']),
    ...(command.isOpaque ? ['runs code that cannot be read'] : []),
    ...(command.isOutside ? ['reaches out of the database'] : []),
  ];
  const list = (name: string, names: readonly string[]): Line[] =>
    names.length === 0 ? [] : [fact(name, names.join(', '))];
  return [
    fact('command', traits.join(', ')),
    ...list('reads', reads),
    ...list('writes', writes),
    ...list('calls', functions),
  ];
}

function ruleLine({ rule, canApply, answers }: RuleAnswer): Line {
  const said = answers.find((answer) => typeof answer === 'object');
  const matched = answers.includes(true);
  const answer =
    said !== undefined
      ? `cannot be evaluated, so it denies: ${said.why}`
      : `${matched}${matched ? `, so ${rule.then}` : ''}`;
  const never = canApply ? '' : ' (never true for this identity here)';
  return fact('rule', `${rule.name}: ${answer}${never}`, matched ? styles[rule.then] : undefined);
}

function verdictLines({ verdict }: Explanation): Line[] {
  const { decision, matches, error, asks = [] } = verdict;
  const rules = [...new Set(matches.map(({ rule }) => rule))].join(', ');
  const result = fact('result', `${decision}${rules === '' ? ', no rule applies' : ` by ${rules}`}`, styles[decision]);
  if (error !== undefined) {
    const { message, detail, hint } = error;
    return [result, ...[message, detail, hint].filter((text) => text !== undefined).map((text) => fact('', text))];
  }
  return [
    result,
    ...asks.map(({ group, count, timeoutMs }) =>
      fact('', `waits up to ${formatDuration(timeoutMs)} for ${count} of the group ${group}`),
    ),
  ];
}

function maskLine({ name, mask, detects }: ExplainedMask): Line {
  const shown = detects ? 'shown, but for what detectors find' : 'shown';
  return fact(
    'column',
    `${name}: ${mask === undefined ? shown : `masked by ${mask}`}`,
    mask === undefined ? undefined : 'warning',
  );
}
