import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadConfig } from '../../config/load-config.ts';
import type { RuleMatch } from '../../policy/verdict.ts';
import type { Catalog } from '../../sql/catalog.ts';
import { indexCatalog } from '../../sql/catalog-index.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { wantsColor } from '../present/color.ts';
import { type Line, paintLines, recorded, span } from '../present/line.ts';
import { formatCount } from '../present/quantity.ts';
import { sqlOnOneLine } from '../present/sql.ts';
import { type Example, parseExamples } from './examples.ts';
import { inlineCatalog } from './inline-catalog.ts';
import { controlsFor, loadTools, subjectOf, TextSession, type Tools, verdictOn } from './judge-text.ts';

export interface TestOptions {
  readonly config: string;
  readonly json?: true;
}

interface Result {
  readonly example: Example;
  readonly decision: 'allow' | 'approve' | 'deny';
  readonly matches: readonly RuleMatch[];
  readonly error: string | undefined;
  readonly passed: boolean;
}

const strength = { allow: 0, approve: 1, deny: 2 } as const;

/** `onrecord policy test`: whether the rules say of example statements what is expected of them. */
export async function testPolicy(path: string, options: TestOptions, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, options.config));
  const file = resolve(io.cwd, path);
  const { catalog: inline, examples } = parseExamples(await read(file), file, config);
  const catalog = inline === undefined ? undefined : indexCatalog(inlineCatalog(inline));
  const tools = await loadTools();
  const nowUs = Date.now() * 1000;
  const results = examples.map((example) => judge(example, { config, catalog, tools, nowUs }));
  const failed = results.filter(({ passed }) => !passed).length;
  if (failed > 0) io.setExitCode(exitCodes.error);
  if (options.json) {
    for (const result of results) io.stdout.write(`${JSON.stringify(resultJson(result))}\n`);
    return;
  }
  const width = io.columns ?? 120;
  const lines = results.flatMap((result) => resultLines(result, width));
  const summary = `${formatCount(results.length, 'example')}, ${failed === 0 ? 'all as expected' : `${failed} not as expected`}`;
  lines.push([], [span(summary, failed === 0 ? 'good' : 'bad')]);
  io.stdout.write(paintLines(lines, wantsColor(io.env, io.isTerminal)));
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

interface Surroundings {
  readonly config: Awaited<ReturnType<typeof loadConfig>>;
  readonly catalog: Catalog | undefined;
  readonly tools: Tools;
  readonly nowUs: number;
}

function judge(example: Example, { config, catalog, tools, nowUs }: Surroundings): Result {
  const identity = config.identities.get(example.identity);
  const connection = config.connections.get(example.connection);
  if (identity === undefined || connection === undefined) throw new Error('an example names what is not there');
  const subject = subjectOf(identity, connection);
  const controls = controlsFor(config, subject, catalog);
  const about = {
    parameters: example.parameters,
    protocol: example.parameters.length > 0 ? ('extended' as const) : ('simple' as const),
    inTransaction: false,
    us: example.at ?? nowUs,
  };
  const texts = new TextSession(tools, { catalog, role: subject.connection.role }).read(example.sql);
  const verdicts = texts.map((text) => verdictOn(text, controls, about));
  const decision = verdicts.reduce<Result['decision']>(
    (worst, verdict) => (strength[verdict.decision] > strength[worst] ? verdict.decision : worst),
    'allow',
  );
  const matches = verdicts.flatMap((verdict) => verdict.matches);
  const names = new Set(matches.map(({ rule }) => rule));
  const asExpected = example.rules === undefined || sameNames(names, new Set(example.rules));
  return {
    example,
    decision,
    matches,
    error: verdicts.find(({ error }) => error !== undefined)?.error?.message,
    passed: decision === example.expect && asExpected,
  };
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}

function resultLines(result: Result, width: number): Line[] {
  const { example, decision, matches, passed } = result;
  const by = [...new Set(matches.map(({ rule }) => rule))].join(', ');
  const said = `${decision}${by === '' ? '' : ` by ${by}`}`;
  const title = example.name === undefined ? sqlOnOneLine(example.sql, width - 8) : recorded(example.name);
  const first: Line = [span(passed ? '✓ ' : '✗ ', passed ? 'good' : 'bad'), ...title];
  if (passed) return [[...first, span(`  ${said}`, 'dim')]];
  const wanted = `${example.expect}${example.rules === undefined ? '' : ` by ${example.rules.join(', ') || 'no rule'}`}`;
  return [
    first,
    [span(`    line ${example.line}: expected ${wanted}, is ${said}`, 'bad')],
    ...(example.name === undefined ? [] : [[span('    '), ...sqlOnOneLine(example.sql, width - 4)]]),
    ...(result.error === undefined ? [] : [[span(`    ${result.error}`, 'dim')]]),
  ];
}

function resultJson({ example, decision, matches, error, passed }: Result): object {
  const { name, sql, identity, connection, expect, rules, line } = example;
  return { type: 'example', line, name, sql, identity, connection, expect, rules, decision, matches, error, passed };
}
