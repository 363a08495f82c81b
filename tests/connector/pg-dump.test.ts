// pg_dump and pg_restore, with a connector's process between gateway and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../drivers/pg-dump.test.ts');
