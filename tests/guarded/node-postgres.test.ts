// node-postgres, under rules that deny nothing.
process.env['ONRECORD_TEST_GUARD'] = 'rules';
await import('../drivers/node-postgres.test.ts');
