// Random conversations, fewer of them, with a connector's process between gateway and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
process.env['ONRECORD_CONVERSATIONS'] ??= '60';
await import('../oracle/random-protocol.test.ts');
