// Slow clients and a slow server, with a connector's process between gateway and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../hostile/slow-peers.test.ts');
