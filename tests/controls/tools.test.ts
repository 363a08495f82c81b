import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { findProgram, runToSuccess } from '../support/program.ts';
import { assertSameLines } from '../support/same-lines.ts';
import { libpqEnvironment, type Target } from '../support/target.ts';
import { ordinarySchema } from './ordinary-corpus.ts';
import { referenceGateway } from './reference-configuration.ts';
import { ownerRole, shopSchema } from './shop.ts';

const [psql, pgDump, pgbench] = ['psql', 'pg_dump', 'pgbench'].map((name) => findProgram(name) ?? '');
const missing = [psql, pgDump, pgbench].includes('') || findBinaries('system') === undefined;
const skip = missing ? 'psql, pg_dump, pgbench or a server of their version are not installed' : false;

/** Everything that psql asks a catalog by itself. */
const describing = `
\\d
\\d+
\\d customers
\\d+ customers
\\d people
\\d+ posts
\\d measures
\\d+ measures_2026
\\d active_people
\\d+ post_summary
\\d people_by_mood
\\d ticket_numbers
\\d people_pkey
\\d reporting.*
\\dt
\\dt+
\\dt *.customers
\\di
\\di+
\\ds+
\\dv
\\dv+
\\dm
\\dE
\\dS pg_stat*
\\df
\\df+
\\dfn
\\dft
\\df add_*
\\da
\\da sum
\\sf add_one
\\sf+ bump
\\sv active_people
\\sv+ customer_emails
\\du
\\du+
\\dg
\\drds
\\l
\\dn
\\dn+
\\dT
\\dT+
\\dT mood
\\dD
\\dD+
\\dp
\\z people
\\ddp
\\dC
\\dc
\\dO
\\do ||
\\dF
\\dFp
\\dFd+
\\dL
\\dx
\\db
\\dA
\\dAc btree
\\dAo btree integer_ops
\\dconfig work_mem
\\dP
\\dPt+
\\dX
\\dy
\\dRp
\\dRs
\\des
\\deu
\\det
\\dl
\\dd
\\encoding
\\echo :SERVER_VERSION_NUM
select * from people order by id \\gdesc
select id, name from customers order by id \\gx
select 5 as five \\gset
select :five
select feels, active, count(*) from people group by 1, 2 order by 1, 2 \\crosstabview
\\copy tags to stdout
\\copy (select id, name from customers order by id) to stdout csv
\\timing off
\\set FETCH_COUNT 2
select id, title from posts order by id;
`;

describe("Postgres's own programs find under masks and rules what they find without", {
  skip,
  timeout: 600_000,
}, () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let through: Target;
  let direct: Target;
  before(async () => {
    postgres = await startPostgres({ binaries: 'system' });
    const admin = await Admin.login(postgres);
    await admin.query(`create role ${ownerRole} login password '${postgres.password}' in role pg_read_all_stats`);
    await admin.query(`create database shop owner ${ownerRole}`);
    admin.close();
    direct = { ...postgres, user: ownerRole, database: 'shop' };
    const owner = await Admin.login(direct);
    await owner.query(shopSchema);
    await owner.query(ordinarySchema);
    await owner.query('analyze');
    owner.close();
    gateway = await startGateway(referenceGateway(postgres));
    const password = gateway.token('service');
    through = { ...gateway, user: 'service', password };
  });
  after(async () => {
    await gateway?.stop();
    await postgres?.stop();
  });

  const lines = async (program: string, target: Target, args: readonly string[], input = ''): Promise<string[]> => {
    const { stdout, stderr } = await runToSuccess(program, args, { env: libpqEnvironment(target), input });
    return `${stdout}\n${stderr}`.split('\n');
  };

  it('psql describes everything', async () => {
    const args = ['-X', '-a', '-P', 'pager=off'];
    const wanted = await lines(psql ?? '', direct, args, describing);
    assert.ok(wanted.length > 1000);
    assertSameLines(await lines(psql ?? '', through, args, describing), wanted);
  });

  it('pg_dump dumps everything, with masks in the masked columns', async () => {
    const wanted = await lines(pgDump ?? '', direct, []);
    const found = await lines(pgDump ?? '', through, []);
    const customers = (dump: readonly string[]): readonly string[] => {
      const from = dump.findIndex((line) => line.startsWith('COPY public.customers '));
      return dump.slice(from, from + 4);
    };
    assert.ok(customers(wanted)[1]?.includes('Vq7xKmtz'));
    assert.match(customers(found)[1] ?? '', /^1\tCustomer 1\t\*+Tzq8\t\[masked\]\t[0-9a-f]{32}\t\\N\t\\N\tDE$/);
    assertSameLines(withoutMasked(found), withoutMasked(wanted));
  });

  it('pg_dump dumps definitions', async () => {
    const dump = async (target: Target) => withoutMasked(await lines(pgDump ?? '', target, ['-s']));
    assertSameLines(await dump(through), await dump(direct));
  });

  it('pgbench makes its tables and works on them', async () => {
    await lines(pgbench ?? '', through, ['-i', '-q', '--foreign-keys', '--partitions=2']);
    for (const mode of ['simple', 'extended', 'prepared']) {
      const said = await lines(pgbench ?? '', through, ['-n', '-c', '2', '-t', '10', '-M', mode]);
      assert.match(said.join('\n'), /transactions actually processed: 20\/20/);
      assert.match(said.join('\n'), /failed transactions: 0/);
    }
  });
});

/** A dump but for what the masks concern, and what is new in each dump. */
function withoutMasked(dump: readonly string[]): readonly string[] {
  let masked = false;
  return dump
    .filter((line) => !/^\\(un)?restrict /.test(line))
    .map((line) => {
      if (line.startsWith('COPY public.customers')) masked = true;
      if (line === '\\.') masked = false;
      return masked ? line.split('\t').slice(0, 2).join('\t') : line;
    });
}
