import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { answerApprovals } from '../../approvals/answer-control.ts';
import {
  accessQuestion,
  askFor,
  moneyMoves,
  openDesk,
  question,
  type TestDesk,
} from '../../approvals/approvals.fixture.ts';
import { Voters } from '../../approvals/voter.ts';
import type { ApprovalRequest } from '../../control/control-request.ts';
import { ControlServer } from '../../control/control-server.ts';
import { Tokens } from '../../identity/tokens.ts';
import { run } from '../run.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

interface Running extends TestDesk {
  readonly tokens: { readonly [name: string]: string };
  command(args: readonly string[], options?: Partial<Parameters<typeof runCommand>[1]>): Promise<Ran>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A desk that commands can ask, as those of a gateway on the same data directory. */
async function running(t: TestContext): Promise<Running> {
  const opened = openDesk(t);
  const { desk, clock, state, directory, logged, identities } = opened;
  // Times are compared with those of the command.
  clock.nowUs = Date.now() * 1000;
  const tokens = new Tokens(state);
  const texts = Object.fromEntries(
    ['alice', 'bob', 'mallory', 'billing-agent'].map((name) => [
      name,
      tokens.create(name, 'test', { nowMs: clock.nowUs / 1000 }).text,
    ]),
  );
  const voters = new Voters({
    tokens,
    identities: () => identities,
    settleTokens: async () => {},
    nowMs: () => clock.nowUs / 1000,
    log: (message) => logged.push(message),
  });
  let server: ControlServer;
  const start = (): Promise<void> => {
    server = new ControlServer({
      dataDirectory: directory,
      log: (message) => logged.push(message),
      answer: (request) => answerApprovals(request as ApprovalRequest, { desk, voters, clock }),
    });
    return server.listen();
  };
  await start();
  t.after(() => server.close());
  writeFileSync(
    join(directory, 'onrecord.yaml'),
    `data: ${directory}\nconnections: { billing: { host: h, database: billing, user: app } }\n`,
  );
  return {
    ...opened,
    tokens: texts,
    command: (args, options) => runCommand(['approvals', ...args], { cwd: directory, ...options }),
    stop: () => server.close(),
    start,
  };
}

const nasty = question({
  sql: ["UPDATE payments SET note = '\u001b[2Jx' WHERE id = $1"],
  parameters: ['\u202e10', null],
  reason: 'month\u0007 end',
  onBehalfOf: 'dave',
  recent: ['SELECT 1', 'BEGIN'],
  asks: [{ ...moneyMoves, message: 'Call the bank first.' }],
});

describe('onrecord approvals', () => {
  it('lists what waits and shows all of it, escaped', async (t) => {
    const { desk, command } = await running(t);
    assert.equal((await command(['list'])).stdout, 'Nothing waits for approval.\n');
    const { approval } = await desk.ask(nasty);
    await desk.attach(approval, {
      explain: 'Update on payments\n  Index Scan',
      rows: 12,
      rowsAreEstimated: true,
      locks: ['AccessShareLock customers'],
    });
    const listed = await command(['list'], { isTerminal: true });
    assert.match(listed.stdout, new RegExp(`${approval} │ waiting, \\S.* left │ billing-agent │ UPDATE payments`));
    const { stdout, code } = await command(['show', approval]);
    assert.equal(code, 0);
    for (const expected of [
      /billing-agent \(agent\), on behalf of dave, from 192\.0\.2\.1:5000/,
      /month\\x07 end/,
      /money moves: 1 of finance \(Call the bank first\.\)/,
      /statement 3, in a transaction/,
      /aaaaaaaa/,
      /\\x1b\[2Jx/,
      /\$1 = \\u202e10\n.*\$2 = NULL/,
      /SELECT 1\n.*BEGIN/,
      /Update on payments\n.*Index Scan/,
      /about 12 rows/,
      /AccessShareLock customers/,
    ]) {
      assert.match(stdout, expected);
    }
    assert.ok(!stdout.includes('\u001b'));
    const json = JSON.parse((await command(['show', approval, '--json'])).stdout);
    assert.deepEqual([json.approval, json.state, json.evidence.rows], [approval, 'waiting', 12]);
    assert.equal((await command(['show', 'appr_000000000000'])).code, 1);
  });

  it('shows each of several statements with its own parameters, and parameters to their end', async (t) => {
    const { desk, command } = await running(t);
    const { approval } = await desk.ask(
      question({
        sql: ['SELECT $1::text', 'UPDATE payments SET amount = $1, note = $2'],
        parameters: ['5', '1000000', `${'x '.repeat(200)}end`],
        parametersOf: [1, 2],
      }),
    );
    const { stdout } = await command(['show', approval], { isTerminal: true });
    const first = stdout.indexOf('SQL, 1 of 2 that run together');
    const second = stdout.indexOf('SQL, 2 of 2 that run together');
    assert.match(stdout.slice(first, second), /SELECT \$1::text\n[\s\S]*\$1 = 5\n/);
    assert.match(stdout.slice(second), /UPDATE payments[\s\S]*\$1 = 1000000\n[\s\S]*\$2 = x[\s\S]*x end\n/);
    const json = JSON.parse((await command(['show', approval, '--json'])).stdout);
    assert.deepEqual(json.parametersOf, [1, 2]);
  });

  it('approves with the token of who decides, from the environment', async (t) => {
    const { desk, command, tokens, recorder } = await running(t);
    const { approval, answer } = await desk.ask(question({ asks: [{ ...moneyMoves, count: 2 }] }));
    const first = await command(['approve', approval, '--as', 'alice'], { env: { ONRECORD_TOKEN: tokens['alice'] } });
    assert.deepEqual(first, {
      stdout: `Your vote is on record. ${approval} needs 2 of finance, and waits for more.\n`,
      stderr: '',
      code: 0,
    });
    const second = await command(['approve', approval, '--as', 'bob', '--reason', 'Fine.', '--json'], {
      env: { ONRECORD_TOKEN: tokens['bob'] },
    });
    assert.deepEqual(JSON.parse(second.stdout).end.by, ['alice', 'bob']);
    assert.equal((await answer).type, 'approved');
    assert.deepEqual(
      recorder.of('approval_voted').map(({ reason }) => reason),
      ['', 'Fine.'],
    );
    const late = await command(['approve', approval, '--as', 'bob'], { env: { ONRECORD_TOKEN: tokens['bob'] } });
    assert.equal(late.code, 1);
    assert.match(late.stderr, /is over already: approved by alice, bob\n/);
  });

  it('denies with a reason, and calls for one', async (t) => {
    const { desk, command, tokens } = await running(t);
    const { approval, answer } = await desk.ask(question());
    const env = { ONRECORD_TOKEN: tokens['alice'] };
    assert.equal((await command(['deny', approval, '--as', 'alice'], { env })).code, 2);
    assert.equal((await command(['deny', approval, '--as', 'alice', '--reason', ' '], { env })).code, 2);
    const { code, stdout } = await command(['deny', approval, '--as', 'alice', '--reason', 'Not today.'], { env });
    assert.deepEqual([code, stdout], [0, `${approval} is denied.\n`]);
    assert.deepEqual(await answer, { type: 'denied', approval, by: 'alice', reason: 'Not today.' });
  });

  it('takes no token but one of who decides, and says nothing of it anywhere', async (t) => {
    const { desk, command, tokens, logged, state } = await running(t);
    const { approval } = await desk.ask(question());
    const tries: readonly (readonly [as: string, token: string, why: RegExp])[] = [
      ['alice', tokens['bob'] ?? '', /the token is not one of "alice"/],
      ['alice', 'hunter2', /the token is not one of "alice"/],
      ['nobody', tokens['alice'] ?? '', /the token is not one of "nobody"/],
      ['mallory', tokens['mallory'] ?? '', /"mallory" is not in the group "finance"/],
      ['billing-agent', tokens['billing-agent'] ?? '', /only a person decides/],
    ];
    for (const [as, token, why] of tries) {
      const { code, stdout, stderr } = await command(['approve', approval, '--as', as], {
        env: { ONRECORD_TOKEN: token },
      });
      assert.equal(code, 1);
      assert.match(stderr, why);
      assert.ok(!`${stdout}${stderr}${logged}`.includes(token));
    }
    const [id] = /(?<=onr_)[^_]+/.exec(tokens['alice'] ?? '') ?? [];
    new Tokens(state).revoke(id ?? '', 'test', Date.now());
    const revoked = await command(['approve', approval, '--as', 'alice'], { env: { ONRECORD_TOKEN: tokens['alice'] } });
    assert.equal(revoked.code, 1);
    const none = await command(['approve', approval, '--as', 'alice']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /ONRECORD_TOKEN/);
  });

  it('lets nobody guess: after five wrong tokens even the right one waits for a minute', async (t) => {
    const { desk, command, tokens, clock } = await running(t);
    const { approval } = await desk.ask(question());
    const as = (name: string, token = tokens[name]) =>
      command(['approve', approval, '--as', name], { env: { ONRECORD_TOKEN: token } });
    const wrong = await Promise.all(Array.from({ length: 8 }, () => as('alice', 'wrong')));
    assert.equal(wrong.filter(({ stderr }) => /is not one of/.test(stderr)).length, 5);
    assert.match((await as('alice')).stderr, /too many wrong tokens for "alice"/);
    assert.match((await as('mallory')).stderr, /is not in the group/);
    clock.pass(60_000_000);
    assert.equal((await as('alice')).code, 0);
  });

  it('asks for the token on a terminal, without showing it', async (t) => {
    const { desk, directory, tokens } = await running(t);
    const { approval, answer } = await desk.ask(question());
    const modes: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) });
    const stderr = new PassThrough({ encoding: 'utf8' });
    const stdout = new PassThrough({ encoding: 'utf8' });
    let code = 0;
    const ran = run(['approvals', 'approve', approval, '--as', 'alice'], {
      stdin,
      stdout,
      stderr,
      env: { NO_COLOR: '1' },
      cwd: directory,
      isTerminal: true,
      columns: 100,
      interrupted: () => new AbortController().signal,
      setExitCode: (next) => {
        code = next;
      },
    });
    stdin.write(`x\x7f${tokens['alice']}\r`);
    await ran;
    assert.deepEqual([code, modes], [0, [true, false]]);
    assert.equal(stderr.read(), 'Token of alice: \n');
    assert.equal(stdout.read(), `${approval} is approved.\n`);
    assert.equal((await answer).type, 'approved');
  });

  it('revokes what waits, and what can still be used', async (t) => {
    const { desk, command, revokedAccess, tokens } = await running(t);
    const { approval, answer } = await desk.ask(question());
    assert.equal((await command(['revoke', approval])).stdout, `${approval} is revoked.\n`);
    assert.equal((await answer).type, 'ended');
    const { signal } = new AbortController();
    const access = desk.access(accessQuestion(), { meanwhile: 'hold', durationMs: 3_600_000, signal });
    await new Promise((resolve) => setImmediate(resolve));
    const [waits] = desk.list('waiting');
    assert.ok(waits !== undefined);
    const listed = await command(['list']);
    assert.match(listed.stdout, /access to billing/);
    await command(['approve', waits.id, '--as', 'alice'], { env: { ONRECORD_TOKEN: tokens['alice'] } });
    await access;
    assert.match((await command(['list', '--all'])).stdout, /approved, usable for /);
    assert.equal((await command(['revoke', waits.id])).code, 0);
    assert.equal(revokedAccess.length, 1);
    assert.match((await command(['revoke', waits.id])).stderr, /over already: revoked/);
    assert.match((await command(['show', waits.id])).stdout, /Revoked\n/);
  });

  it('watches what waits, what is asked for, and how it ends', async (t) => {
    const { desk, command } = await running(t);
    const before = await askFor(desk, question());
    const interrupt = new AbortController();
    let seen = '';
    let look: () => void = () => {};
    const until = (pattern: RegExp): Promise<void> =>
      new Promise((resolve) => {
        look = () => pattern.test(seen) && resolve();
        look();
      });
    const watching = command(['watch'], {
      interrupt: interrupt.signal,
      onOutput: (text) => {
        seen += text;
        look();
      },
    });
    await until(new RegExp(`${before.approval} billing-agent asks \\(1 of finance\\): UPDATE payments`));
    const next = await desk.ask(question({ hash: 'c'.repeat(64), sql: ['DELETE FROM t\n WHERE x'] }));
    await until(new RegExp(`${next.approval} billing-agent asks .*: DELETE FROM t WHERE x\n`));
    await desk.vote({ approval: next.approval, by: 'alice', vote: 'deny', reason: 'No.' });
    await until(new RegExp(`${next.approval} billing-agent denied by alice: No\\.\n`));
    before.withdraw('client gone');
    await until(new RegExp(`${before.approval} billing-agent client gone\n`));
    interrupt.abort();
    const { code, stderr } = await watching;
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('watches on when a gateway that went away is back', async (t) => {
    const { desk, command, stop, start } = await running(t);
    const { approval } = await desk.ask(question());
    const interrupt = new AbortController();
    const lines: { readonly event: string; readonly approval: string; readonly state: string }[] = [];
    let seen = Promise.withResolvers<void>();
    const watching = command(['watch', '--json'], {
      interrupt: interrupt.signal,
      onOutput: (text) => {
        lines.push(
          ...text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        );
        seen.resolve();
      },
    });
    await seen.promise;
    await stop();
    seen = Promise.withResolvers();
    const missed = await desk.ask(question());
    await start();
    await seen.promise;
    interrupt.abort();
    const { code, stderr } = await watching;
    assert.equal(code, 0);
    assert.match(stderr, /^No gateway runs on .*; it is waited for\.\n$/);
    assert.deepEqual(
      lines.map(({ event, approval: id, state }) => [event, id, state]),
      [
        ['requested', approval, 'waiting'],
        ['requested', missed.approval, 'waiting'],
      ],
    );
  });

  it('shows what is remembered while no gateway runs, and that nothing can be decided', async (t) => {
    const { desk, command, stop } = await running(t);
    const died = await desk.ask(question());
    const ended = await askFor(desk, question());
    ended.withdraw('cancelled');
    await ended.answer;
    await stop();
    const { stdout, stderr } = await command(['list', '--all', '--json']);
    const states = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ approval, state }) => [approval, state]),
    );
    assert.deepEqual([states.get(died.approval), states.get(ended.approval)], ['gateway died', 'cancelled']);
    assert.match(stderr, /^No gateway runs on /);
    assert.equal((await command(['show', died.approval])).code, 0);
    assert.equal((await command(['show', 'appr_x'])).code, 1);
    const vote = await command(['approve', died.approval, '--as', 'alice'], { env: { ONRECORD_TOKEN: 'x' } });
    assert.equal(vote.code, 1);
    assert.match(vote.stderr, /no gateway runs/);
  });
});
