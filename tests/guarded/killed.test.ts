// A gateway that is killed at any moment, under masks that hide nothing.
process.env['ONRECORD_TEST_GUARD'] = 'masks';
await import('../oracle/killed.test.ts');
