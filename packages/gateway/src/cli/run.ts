import { Command, CommanderError } from 'commander';
import { type CommandIo, exitCodes } from './command-io.ts';
import { explainError } from './explain-error.ts';
import { version } from './version.ts';

/**
 * The table of commands. Each is a file under `commands/`, loaded only when it is the one that was asked for, or when
 * the help has to name them all: `onrecord log` never loads the gateway.
 */
type Register = (program: Command, io: CommandIo) => void;

const commands: { readonly [name: string]: () => Promise<Register> } = {
  gateway: async () => (await import('./commands/gateway.ts')).registerGateway,
  config: async () => (await import('./commands/config.ts')).registerConfig,
  connections: async () => (await import('./commands/connections.ts')).registerConnections,
  connectors: async () => (await import('./commands/connectors.ts')).registerConnectors,
  tokens: async () => (await import('./commands/tokens.ts')).registerTokens,
  approvals: async () => (await import('./commands/approvals.ts')).registerApprovals,
  log: async () => (await import('./commands/log.ts')).registerLog,
  sessions: async () => (await import('./commands/sessions.ts')).registerSessions,
  show: async () => (await import('./commands/show.ts')).registerShow,
  replay: async () => (await import('./commands/replay.ts')).registerReplay,
  tail: async () => (await import('./commands/tail.ts')).registerTail,
  export: async () => (await import('./commands/export.ts')).registerExport,
  events: async () => (await import('./commands/events.ts')).registerEvents,
  blind: async () => (await import('./commands/blind.ts')).registerBlind,
  policy: async () => (await import('./commands/policy.ts')).registerPolicy,
  doctor: async () => (await import('./commands/doctor.ts')).registerDoctor,
  reindex: async () => (await import('./commands/reindex.ts')).registerReindex,
};

const help = `
Every command takes --help. Exit codes: 0 it worked, 1 it did not, 2 it was called wrongly.`;

/** Runs one command line (without the program's name). Never rejects: what went wrong is on standard error. */
export async function run(args: readonly string[], io: CommandIo): Promise<void> {
  const program = new Command('onrecord')
    .description('An access gateway for AI agents on Postgres that records every statement.')
    .version(version)
    .addHelpText('after', help)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.columns ?? 80,
      getErrHelpWidth: () => io.columns ?? 80,
    });
  try {
    for (const load of chosen(args)) (await load())(program, io);
    await program.parseAsync(args as string[], { from: 'user' });
  } catch (error) {
    // Commander has said what was wrong; asking for help or the version is not an error.
    if (error instanceof CommanderError) io.setExitCode(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
    else io.setExitCode(explainError(error, io));
  }
}

/** The command that was asked for; all of them when there is none of that name, since the help names them all. */
function chosen(args: readonly string[]): readonly (() => Promise<Register>)[] {
  const [name = ''] = args;
  if (name === '--version' || name === '-V') return [];
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return load === undefined ? Object.values(commands) : [load];
}
