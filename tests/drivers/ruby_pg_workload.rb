# What programs do with ruby-pg; prints what it saw. The connection comes from libpq's environment.
require 'pg'

def note(*values) = values.each { |value| p value }

db = PG.connect
db.exec 'create table t (a int primary key, b text)'
50.times { |n| db.exec_params 'insert into t values ($1, $2)', [n, "b#{n}"] }
note db.exec_params('select a, b from t where a < $1 order by a', [3]).to_a
db.prepare 'doubled', 'select $1::int * 2 as d'
note(*5.times.map { |n| db.exec_prepared('doubled', [n])[0] }, db.describe_prepared('doubled').nparams)
note db.exec_params("select 1::int8 a, 'x'::text b", [], 1).ftype(0)
['select 1/0', 'selec', 'insert into t values (1)'].each do |wrong|
  db.exec wrong
rescue PG::Error => e
  note e.class, e.message, e.result.error_field(PG::PG_DIAG_SQLSTATE)
end
begin
  db.transaction do
    db.exec 'insert into t values (100)'
    raise 'changed its mind'
  end
rescue RuntimeError => e
  note e.message, db.exec('select count(*) from t')[0]
end

db.copy_data('copy t (a, b) from stdin') { (1000..3000).each { |n| db.put_copy_data "#{n}\tc\n" } }
db.copy_data('copy t (a) to stdout') do
  bytes = 0
  while (line = db.get_copy_data) do bytes += line.size end
  note bytes
end
[-> { raise 'stopped' }, -> { db.put_copy_data "no number\n" }].each do |data|
  db.copy_data('copy t (a, b) from stdin') { data.call }
rescue PG::Error, RuntimeError => e
  note e.message
end

db.send_query 'select generate_series(1, 5000)'
db.set_single_row_mode
rows = 0
db.get_result.stream_each { rows += 1 }
note rows, db.get_result

db.enter_pipeline_mode
[['select $1::int', [1]], ['select 1 / $1::int', [0]], ['select $1::int', [2]]].each { |query| db.send_query_params(*query) }
db.pipeline_sync
db.send_query_params 'select $1::int', [3]
db.pipeline_sync
syncs = 0
while syncs < 2
  begin
    result = db.get_result or next
    note result.result_status, result.values
    syncs += 1 if result.result_status == PG::PGRES_PIPELINE_SYNC
  rescue PG::Error => e
    note e.message
  end
end
db.exit_pipeline_mode

db.exec 'listen c'
db.exec "notify c, 'payload'"
db.wait_for_notify(5) { |channel, pid, payload| note channel, pid == db.backend_pid, payload }
db.set_notice_processor { |message| note message }
db.exec "do $$ begin raise notice 'noticed'; end $$"
# Postgres pays no heed to a cancel request that comes before the statement has begun.
asleep = false
db.set_notice_processor { asleep = true }
db.send_query "do $$ begin raise notice 'asleep'; perform pg_sleep(60); end $$"
until asleep
  db.socket_io.wait_readable
  db.consume_input
  db.is_busy
end
note db.cancel
begin
  db.get_last_result
rescue PG::QueryCanceled => e
  note e.message
end
note db.parameter_status('server_encoding'), db.transaction_status
db.reset
note db.exec('select 9 as n')[0]
db.close
