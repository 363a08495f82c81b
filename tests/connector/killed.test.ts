// A gateway that is killed at any moment, with a connector's process between it and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../oracle/killed.test.ts');
