// What is on record of each conformance script, with a connector's process between gateway and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../oracle/scripts.test.ts');
