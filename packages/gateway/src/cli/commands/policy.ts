import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';
import type { BacktestOptions } from '../policy/backtest-policy.ts';
import type { ExplainOptions } from '../policy/explain-policy.ts';
import type { TestOptions } from '../policy/test-policy.ts';
import { addRecordingOptions } from '../recording/open-recording.ts';
import { addRangeOptions, addWhoseOptions } from '../recording/statement-options.ts';

const testHelp = `
FILE is YAML: examples, each with sql, identity, connection and expect (allow, approve or deny); optional are name, parameters,
at (the time of rules that look at it) and rules (the names of all rules that must match). Names are looked up in tables
(schema.name: [columns]), views and functions of the same file, if it has tables; docs/policy.md shows one.

With --json, one object a line for each example: {"type":"example","passed":…,"decision":…,"matches":[…], …}

Exit codes: 0 all examples are as expected, 1 some are not or the file is wrong, 2 the command was called wrongly.`;

const explainHelp = `
Nothing is run. Names are looked up in the catalog of the database, which the running gateway reads; without a gateway it goes by
the text alone and says so. --parameter gives $1, $2 and so on; NULL is NULL.

With --json, one object a line for each statement: {"type":"explanation","decision":…,"matches":[…],"commands":[…],"rules":[…],
"masks":[…], …}

Exit codes: 0 it is explained, whatever the decision, 1 it could not be, 2 the command was called wrongly.`;

const backtestHelp = `
FILE is a whole configuration, or one with policy alone, which then takes the place of the current one. Each statement that was
recorded is judged anew, with its parameters and its time. What it says is compared with what is on the record, or with
--against current with what the current configuration says. Names are looked up in the catalogs of the databases as they are now,
which the running gateway reads.

With --json, one object a line for each difference, and a last one of type "summary".

Exit codes: 0 answered, whatever the differences, 1 it could not be answered, 2 the command was called wrongly.`;

/** `onrecord policy`: what rules say of statements, before they are in force. */
export function registerPolicy(program: Command, io: CommandIo): void {
  const policy = program.command('policy').description('try guard rules: on examples, on a statement, on the record');
  policy
    .command('test <file>')
    .description('check that the rules say of example statements what is expected')
    .option('--config <file>', 'configuration file', './onrecord.yaml')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', testHelp)
    .action(async (file: string, options: TestOptions) => {
      await (await import('../policy/test-policy.ts')).testPolicy(file, options, io);
    });
  policy
    .command('explain <sql>')
    .description('say what would become of a statement, and why')
    .requiredOption('--identity <name>', 'who would run it')
    .requiredOption('--connection <name>', 'where')
    .option('--database <name>', 'in another database than that of the connection')
    .option('--parameter <value>', 'a parameter; give it once for each', append)
    .option('--at <time>', 'as if it were this time: 2026-11-29T20:45:00Z')
    .option('--config <file>', 'configuration file', './onrecord.yaml')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', explainHelp)
    .action(async (sql: string, options: ExplainOptions) => {
      await (await import('../policy/explain-policy.ts')).explainPolicy(sql, options, io);
    });
  const backtest = policy
    .command('backtest')
    .description('say which recorded statements other rules would decide differently')
    .requiredOption('--policy <file>', 'configuration with the rules to try');
  addRecordingOptions(addRangeOptions(addWhoseOptions(backtest)))
    .option('--against <what>', 'compare with what is "recorded", or with the "current" configuration', 'recorded')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', backtestHelp)
    .action(async (options: BacktestOptions) => {
      await (await import('../policy/backtest-policy.ts')).backtestPolicy(options, io);
    });
}

function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
