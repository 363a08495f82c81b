// psycopg, under rules that deny nothing.
process.env['ONRECORD_TEST_GUARD'] = 'rules';
await import('../drivers/psycopg.test.ts');
