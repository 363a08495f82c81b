// The mixed workload, under masks that hide nothing.
process.env['ONRECORD_TEST_GUARD'] = 'masks';
await import('../oracle/oracle.test.ts');
