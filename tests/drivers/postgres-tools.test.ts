import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { removeDirectory, temporaryDirectory } from '../support/leftovers.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';

const { bin = '/nonexistent' } = findBinaries('system') ?? {};
const names = ['createdb', 'vacuumdb', 'reindexdb', 'pg_dumpall', 'pg_basebackup', 'pg_recvlogical'];
const missing = names.filter((name) => !existsSync(join(bin, name)));
const skip = missing.length === 0 ? false : `not installed: ${missing.join(', ')}`;

/**
 * Tools that work on every database ask for each by its name: a connection of that name must lead there. Physical
 * replication asks for a database `replication`.
 */
const databases = ['postgres', 'template1', 'made', 'replication'];

describe("Postgres's own tools work through the gateway as they do without", { skip, timeout: 600_000 }, () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let directory: string;
  before(async () => {
    directory = temporaryDirectory('tools');
    postgres = await startPostgres({
      binaries: 'system',
      settings: { wal_level: 'logical', synchronous_commit: true },
    });
    gateway = await startGateway({ postgres, databases, connection: { replication: 'allow' } });
  });
  after(async () => {
    await gateway?.stop();
    await postgres?.stop();
    removeDirectory(directory);
  });

  const run = (target: Target, [name = '', ...args]: readonly string[]): Promise<Ended> =>
    runProgram(join(bin, name), args, { env: { ...libpqEnvironment(target), PGDATABASE: 'postgres' }, cwd: directory });
  /** Runs every command, on one side and then on the other. */
  const compare = async (...commands: readonly (readonly string[])[]): Promise<readonly string[]> => {
    const all = async (target: Target): Promise<readonly string[]> => {
      const lines: string[] = [];
      for (const command of commands) lines.push(command.join(' '), ...linesOf(await run(target, command)));
      return lines;
    };
    const direct = await all(postgres);
    assertSameLines(await all(gateway), direct);
    return direct;
  };

  it('databases and roles are made, maintained and dropped', async () => {
    const lines = await compare(
      ['createdb', 'made'],
      ['createuser', 'maker'],
      ['pg_isready'],
      ['pgbench', '-i', '-q', '-I', 'dtp', 'made'],
      ['vacuumdb', '--analyze', '--jobs=2', 'made'],
      ['vacuumdb', '--all'],
      ['reindexdb', 'made'],
      ['clusterdb', 'made'],
      ['vacuumlo', 'made'],
      ['dropuser', 'maker'],
      ['dropdb', 'made'],
      ['dropdb', 'made'],
    );
    assert.equal(lines.filter((line) => line === 'status 0').length, 11);
  });

  it('every database is dumped', async () => {
    const dumps = [['pg_dumpall'], ['pg_dumpall', '--globals-only']];
    const lines = await compare(['createdb', 'made'], ...dumps, ['dropdb', 'made']);
    assert.ok(lines.includes('-- Database "made" dump'));
  });

  it('a base backup is taken and is whole, and its record is', async () => {
    const backup = join(directory, 'backup');
    const args = ['--checkpoint=fast', '--wal-method=stream', '--no-sync', `--pgdata=${backup}`];
    assert.deepEqual(linesOf(await run(gateway, ['pg_basebackup', ...args])), ['status 0', '', '']);
    assert.equal((await run(gateway, ['pg_verifybackup', backup])).status, 0);
    const [backedUp] = await recorded('BASE_BACKUP');
    assert.deepEqual(
      [backedUp?.outcome, backedUp?.commandTag, backedUp?.rowCount],
      ['completed', 'SELECT; SELECT; SELECT; BASE_BACKUP', 3],
    );
    const [streamed] = await recorded('START_REPLICATION');
    assert.deepEqual([streamed?.outcome, streamed?.commandTag], ['completed', 'START_STREAMING; START_REPLICATION']);
  });

  it('WAL and changes are streamed', async () => {
    const admin = await Admin.login(postgres);
    await admin.query('create table t (a int)');
    const slot = ['pg_recvlogical', '--dbname=postgres', '--slot=logical'];
    assert.equal((await run(gateway, [...slot, '--create-slot', '--plugin=test_decoding'])).status, 0);
    await admin.query('insert into t select generate_series(1, 500)');
    const [[end = null] = []] = await admin.query('select pg_current_wal_lsn()');
    // What lies behind the end lets the tools stop at once.
    await admin.query('insert into t values (0)');
    const changes = await run(gateway, [...slot, '--start', '--no-loop', `--endpos=${end}`, '--file=-']);
    assert.equal(changes.stdout.match(/INSERT: a\[integer\]/g)?.length, 500);
    assert.equal((await run(gateway, [...slot, '--drop-slot'])).status, 0);
    const wal = ['pg_receivewal', '--directory=.', '--no-sync', '--no-loop', `--endpos=${end}`];
    assert.equal((await run(gateway, wal)).status, 0);
    assert.ok(readdirSync(directory).some((file) => /^[0-9A-F]{24}/.test(file)));
    admin.close();
  });

  it('physical replication is refused with a hint when no connection is there for it', async () => {
    const without = await startGateway({ postgres });
    const { status, stderr } = await run(without, ['pg_basebackup', `--pgdata=${join(directory, 'refused')}`]);
    await without.stop();
    assert.equal(status, 1);
    assert.match(
      stderr,
      /there is no connection "replication"\nHINT: .*give a connection that name, with `replication: allow`/,
    );
  });

  /** The statements whose text begins so, as the command line tells them. */
  async function recorded(text: string): Promise<readonly Recorded[]> {
    const lines = (await gateway.cli('log', '--json', '--all')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Recorded).filter(({ sql }) => sql?.startsWith(text));
  }
});

interface Recorded {
  readonly sql?: string;
  readonly outcome: string;
  readonly commandTag: string | null;
  readonly rowCount: number;
}

/** Without times, and without the random key that psql is told (pg_dump 15.14 and later). */
function linesOf({ status, stdout, stderr }: Ended): readonly string[] {
  const plain = (text: string): string =>
    text
      .replaceAll(/^-- (Started on|Completed on).*$|^\\(un)?restrict .*$/gm, '')
      .replaceAll(/\d+\.\d\d s/g, 'N s')
      .replaceAll(/:\d+ - accepting/g, ':N - accepting');
  return [`status ${status}`, ...plain(stdout).split('\n'), ...plain(stderr).split('\n')];
}
