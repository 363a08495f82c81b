import { resolve } from 'node:path';
import { type ConnectorConfig, loadConnectorConfig } from '../config/connector-config.ts';
import { ConfigError } from '../config/problem.ts';
import { Connector } from '../connector.ts';
import { oneLine } from '../one-line.ts';
import { type CommandLine, help, readCommandLine, UsageError } from './options.ts';
import { version } from './version.ts';

/** What a run needs of its process. */
export interface RunIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Hears signals, each as often as it comes. */
  readonly onSignal: (signal: NodeJS.Signals, listener: () => void) => void;
}

const unusableCode = 2;

/** Runs the program to its end; resolves with the exit code. */
export async function run(args: readonly string[], io: RunIo): Promise<number> {
  try {
    const line = readCommandLine(args, io.env);
    switch (line.type) {
      case 'help':
        io.stdout.write(help);
        return 0;
      case 'version':
        io.stdout.write(`${version}\n`);
        return 0;
      case 'run':
        return await connect(line, io);
    }
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof ConfigError)) throw error;
    const hint = error instanceof UsageError ? '; onrecord-connector --help says what there is' : '';
    io.stderr.write(`${error.message}${hint}\n`);
    return unusableCode;
  }
}

async function connect(line: CommandLine & { readonly type: 'run' }, io: RunIo): Promise<number> {
  const log = (message: string): void => void io.stderr.write(`${new Date().toISOString()} ${oneLine(message)}\n`);
  const load = async (): Promise<ConnectorConfig> => {
    const config = await loadConnectorConfig(resolve(io.cwd, line.config));
    return { ...config, gateways: distinct([...config.gateways, ...line.gateways]) };
  };
  const config = await load();
  if (config.gateways.length === 0) {
    throw new UsageError(`there is no gateway to dial: name one in \`gateways\` of ${config.file} or with --gateway`);
  }
  for (const note of line.notes) log(note);
  const connector = new Connector({ config, tokens: line.tokens, version, env: io.env, log });
  connector.start();
  io.onSignal('SIGHUP', () => void reload(connector, load, log));
  await new Promise<void>((asked) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      io.onSignal(signal, () => {
        log(`${signal}: ending the sessions`);
        asked();
      });
    }
  });
  await connector.stop();
  return 0;
}

async function reload(
  connector: Connector,
  load: () => Promise<ConnectorConfig>,
  log: (message: string) => void,
): Promise<void> {
  try {
    await connector.reload(await load());
    log('the configuration is in force for new sessions');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log(`the configuration was not changed: ${error.message}`);
  }
}

function distinct(gateways: ConnectorConfig['gateways']): ConnectorConfig['gateways'] {
  return [...new Map(gateways.map((address) => [`${address.host} ${address.port}`, address])).values()];
}
