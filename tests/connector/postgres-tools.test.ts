// Postgres's own tools, with a connector's process between gateway and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../drivers/postgres-tools.test.ts');
