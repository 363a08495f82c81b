// Drivers of other languages, with a connector's process between gateway and Postgres.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../drivers/other-languages.test.ts');
