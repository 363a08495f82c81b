import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApprovalView, WatchAnswer } from '../../approvals/answer-control.ts';
import { stateOf } from '../../approvals/approval.ts';
import { ApprovalShelf } from '../../approvals/approval-shelf.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { askGateway } from '../../control/ask-gateway.ts';
import type { ApprovalRequest } from '../../control/control-request.ts';
import { State } from '../../store/state.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { operator } from '../operator.ts';
import { wantsColor } from '../present/color.ts';
import { type Line, paintLines } from '../present/line.ts';
import { Output } from '../recording/output.ts';
import { describeApproval, isoTime } from './describe-approval.ts';
import { readToken } from './read-token.ts';
import { approvalLines, approvalTable, eventLine } from './render-approval.ts';

interface Options {
  readonly config: string;
  readonly json?: true;
}

interface VoteOptions extends Options {
  readonly as: string;
  readonly reason?: string;
}

const listHelp = `
Without --all: what waits for people now. With it, also what has ended in the last 30 days; the record has all of it for good.
With --json, an object for each, as \`show --json\` prints it.`;

const voteHelp = `
The token of the identity that decides is taken from ONRECORD_TOKEN, or asked for on the terminal, which does not show it.
It has to be a person of the group that the rule names, who is not the requester and not the one on whose behalf it acts.
A denial ends it at once, and its reason is what the requester is told.

Exit codes: 0 the vote counts, 1 it does not: it is over already, or not for this identity to decide, or the token is not its
own, 2 the command was called wrongly.`;

const watchHelp = `
Prints what waits now, then each new question, each vote and each end. A gateway that is not there, or goes away, is waited for.
With --json, a line is {"event":"requested|evidence|voted|ended|used|revoked","at":…} with the fields of \`show --json\`.

Runs until it is interrupted (Ctrl-C) or its output is closed. Exit codes: 0 it was ended, 1 it could not go on, 2 the command was
called wrongly.`;

const revokeHelp = `
ID is one that waits, which ends; or one that was approved and can still be used, which covers nothing any more: access to
a connection ends with the sessions that stand on it.`;

/** `onrecord approvals`: what waits for people, and their decisions. */
export function registerApprovals(program: Command, io: CommandIo): void {
  const approvals = program.command('approvals').description('what waits for approval, and decide on it');
  const command = (usage: string): Command =>
    approvals
      .command(usage)
      .option('--config <file>', 'configuration file', './onrecord.yaml')
      .option('--json', 'print JSON, an object a line');
  command('list')
    .description('show what waits for approval')
    .option('--all', 'also what has ended')
    .addHelpText('after', listHelp)
    .action((options: Options & { readonly all?: true }) => list(options, io));
  command('show <id>')
    .description('show all that is known of one: who asks, for what, after what, what it would do')
    .action((id: string, options: Options) => show(id, options, io));
  command('approve <id>')
    .description('let it run')
    .requiredOption('--as <identity>', 'who decides')
    .option('--reason <text>', 'why; it is on record')
    .addHelpText('after', voteHelp)
    .action((id: string, options: VoteOptions) => vote(id, 'approve', options, io));
  command('deny <id>')
    .description('do not let it run')
    .requiredOption('--as <identity>', 'who decides')
    .requiredOption('--reason <text>', 'why not; the requester is told')
    .addHelpText('after', voteHelp)
    .action((id: string, options: VoteOptions) => vote(id, 'deny', options, io));
  command('watch')
    .description('show live what is asked for and how it ends')
    .addHelpText('after', watchHelp)
    .action((options: Options) => watch(options, io));
  command('revoke <id>')
    .description('take back one that waits, or that can still be used')
    .addHelpText('after', revokeHelp)
    .action((id: string, options: Options) => revoke(id, options, io));
}

async function list({ config: file, json, all }: Options & { readonly all?: true }, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const request: ApprovalRequest = { type: 'approvals list', ...(all ? { all } : {}) };
  const views = (await askGateway<readonly ApprovalView[]>(config.data, request)) ?? absentList(config, all, io);
  if (json) for (const view of views) io.stdout.write(jsonLine(view));
  else if (views.length === 0) io.stdout.write(all ? 'Nothing was asked for yet.\n' : 'Nothing waits for approval.\n');
  else print(approvalTable(views, width(io), nowUs()), io);
}

async function show(id: string, { config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const view =
    (await askGateway<ApprovalView>(config.data, { type: 'approvals show', approval: id })) ??
    absentList(config, true, io).find((each) => each.id === id);
  if (view === undefined) throw new CommandError('there is no approval with this id', { hint: listHint });
  if (json) io.stdout.write(jsonLine(view));
  else print(approvalLines(view, width(io), nowUs()), io);
}

async function vote(
  approval: string,
  decision: 'approve' | 'deny',
  options: VoteOptions,
  io: CommandIo,
): Promise<void> {
  const { as, reason = '' } = options;
  const config = await loadConfig(resolve(io.cwd, options.config));
  if (decision === 'deny' && reason.trim() === '') {
    throw new CommandError('--reason is empty, and the requester is told it', { exitCode: exitCodes.usage });
  }
  const token = await readToken(as, io);
  const view = await ask(config, { type: 'approvals vote', approval, vote: decision, reason, as, token });
  if (options.json) io.stdout.write(jsonLine(view));
  else if (view.end === undefined) {
    const needed = view.question.asks.map(({ group, count }) => `${count} of ${group}`).join(' and ');
    io.stdout.write(`Your vote is on record. ${approval} needs ${needed}, and waits for more.\n`);
  } else io.stdout.write(`${approval} is ${view.end.result}.\n`);
}

async function revoke(approval: string, { config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const view = await ask(config, { type: 'approvals revoke', approval, by: operator() });
  io.stdout.write(json ? jsonLine(view) : `${approval} is revoked.\n`);
}

/** How long to wait for a gateway that is not there. */
const absentMs = 1_000;

async function watch({ config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const signal = io.interrupted();
  const output = new Output(io.stdout);
  let after: { readonly run: string; readonly next: number } | undefined;
  let wasThere = true;
  while (!signal.aborted) {
    const answer = await look(config, after, signal);
    if (answer === undefined) {
      if (wasThere && !signal.aborted) io.stderr.write(`No gateway runs on ${config.data}; it is waited for.\n`);
      wasThere = false;
      await sleep(absentMs, undefined, { signal }).catch(() => {});
      continue;
    }
    wasThere = true;
    if (answer.missed && after?.run === answer.run) io.stderr.write('Some of what happened was missed.\n');
    after = { run: answer.run, next: answer.next };
    for (const event of answer.events) {
      const { type, at, approval } = event;
      if (json)
        await output.write(`${JSON.stringify({ event: type, at: isoTime(at), ...describeApproval(approval) })}\n`);
      else await output.write(paintLines([eventLine(event, width(io))], wantsColor(io.env, io.isTerminal)));
    }
    await output.flush();
  }
}

/** Undefined when no gateway answers: it is not there, it stops, or the user has seen enough. */
async function look(
  { data }: Config,
  after: { readonly run: string; readonly next: number } | undefined,
  signal: AbortSignal,
): Promise<WatchAnswer | undefined> {
  try {
    return await askGateway<WatchAnswer>(data, { type: 'approvals watch', ...(after ? { after } : {}) }, { signal });
  } catch (error) {
    const { sqlstate, code } = error as { readonly sqlstate?: string; readonly code?: string };
    if (signal.aborted || sqlstate === '08006' || code === 'ECONNRESET') return undefined;
    throw error;
  }
}

async function ask({ data }: Config, request: ApprovalRequest): Promise<ApprovalView> {
  const view = await askGateway<ApprovalView>(data, request);
  if (view !== undefined) return view;
  throw new CommandError(`no gateway runs on ${data}: nothing waits`, { hint: 'Start it: onrecord gateway' });
}

/** What the state remembers while no gateway runs: what waited when it died will not be decided any more. */
function absentList({ data }: Config, all: true | undefined, io: CommandIo): readonly ApprovalView[] {
  io.stderr.write(`No gateway runs on ${data}: nothing can be approved.\n`);
  if (!all) return [];
  const state = new State(data);
  try {
    return new ApprovalShelf(state).list().map((approval) => ({
      ...approval,
      state: approval.end === undefined ? 'gateway died' : stateOf(approval, nowUs()),
    }));
  } finally {
    state.close();
  }
}

const listHint = '`onrecord approvals list --all` shows those that are remembered.';

function print(lines: readonly Line[], io: CommandIo): void {
  io.stdout.write(paintLines(lines, wantsColor(io.env, io.isTerminal)));
}

function jsonLine(view: ApprovalView): string {
  return `${JSON.stringify(describeApproval(view))}\n`;
}

function width({ columns }: CommandIo): number {
  return columns ?? 160;
}

function nowUs(): number {
  return Date.now() * 1000;
}
