// The life of a gateway that reaches Postgres through a connector's process.
process.env['ONRECORD_TEST_VIA'] = 'connector';
await import('../lifecycle/lifecycle.test.ts');
