# What programs do with DBD::Pg; prints what it saw. The connection comes from libpq's environment.
use strict;
use warnings;
use DBI;
use DBD::Pg qw(:pg_types :async);
use Data::Dumper;

$Data::Dumper::Indent = 0;
$Data::Dumper::Sortkeys = 1;
sub note { print Dumper(@_), "\n" }

my $db = DBI->connect('dbi:Pg:', '', '', { RaiseError => 0, PrintError => 0, AutoCommit => 1 });
$db->do('create table t (a int primary key, b text, c bytea, d int[])');
my $insert = $db->prepare('insert into t values (?, ?, ?, ?)');
$insert->bind_param(3, undef, { pg_type => PG_BYTEA });
$insert->execute($_, "b$_", pack('C*', 0 .. $_), [ $_, undef ]) for 1 .. 50;
note $db->selectall_arrayref('select * from t where a < ? order by a', {}, 4);
for my $wrong ('insert into t (a) values (1)', 'select 1/0', 'selec') { note $db->do($wrong), $db->state, $db->errstr }
{
    local $db->{pg_server_prepare} = 0;
    note $db->selectrow_array('select ?::int + 1', {}, 5);
}
note $db->prepare('select 1 as a; select 2 as b', { pg_direct => 1 })->execute;

$db->begin_work;
$db->pg_savepoint('s');
$db->do('select 1/0');
$db->pg_rollback_to('s');
$db->do('insert into t (a) values (100)');
$db->commit;

$db->do('copy t (a, b) from stdin');
$db->pg_putcopydata("$_\tcopied\n") for 1000 .. 3000;
note $db->pg_putcopyend;
$db->do('copy (select a, b from t order by a) to stdout');
my ($bytes, $line) = (0, '');
$bytes += length $line while $db->pg_getcopydata(\$line) >= 0;
note $bytes;
$db->do('copy t (a) from stdin');
$db->pg_putcopydata("no number\n");
note $db->pg_putcopyend, $db->errstr;

$db->do('select pg_sleep(0.1)', { pg_async => PG_ASYNC });
note $db->pg_result;
# Postgres pays no heed to a cancel request that comes before the statement has begun.
{
  my $asleep = 0;
  local $SIG{__WARN__} = sub { $asleep = 1 };
  $db->do(q{do $$ begin raise notice 'asleep'; perform pg_sleep(60); end $$}, { pg_async => PG_ASYNC });
  my $readable = '';
  vec($readable, $db->{pg_socket}, 1) = 1;
  until ($asleep) {
    select(my $ready = $readable, undef, undef, undef);
    $db->pg_ready;
  }
}
note $db->pg_cancel, $db->selectrow_array('select 7');
$db->do('listen c');
$db->do("notify c, 'payload'");
my $heard = $db->pg_notifies;
note $heard->[0], $heard->[2], $heard->[1] == $db->{pg_pid};

# Large objects use function calls.
$db->begin_work;
my $large = $db->pg_lo_creat($db->{pg_INV_WRITE} | $db->{pg_INV_READ});
my $handle = $db->pg_lo_open($large, $db->{pg_INV_WRITE} | $db->{pg_INV_READ});
note $db->pg_lo_write($handle, '0123456789' x 1000, 10000), $db->pg_lo_lseek($handle, 5, 0);
my $part = '';
note $db->pg_lo_read($handle, $part, 8), $part;
note $db->pg_lo_close($handle), $db->pg_lo_unlink($large);
$db->commit;

note map { $_->[2] } @{ $db->table_info(undef, 'public', '%', 'TABLE')->fetchall_arrayref };
note map { $_->[3] } @{ $db->column_info(undef, 'public', 't', '%')->fetchall_arrayref };
note $db->primary_key(undef, 'public', 't');
$db->do('set client_encoding = latin1');
note $db->selectrow_array("select 'x' || chr(233)"), $db->ping;
$db->disconnect;
