// postgres.js, under masks that hide nothing.
process.env['ONRECORD_TEST_GUARD'] = 'masks';
await import('../drivers/postgres-js.test.ts');
