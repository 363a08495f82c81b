// Random conversations, fewer of them, under rules that deny nothing.
process.env['ONRECORD_TEST_GUARD'] = 'rules';
process.env['ONRECORD_CONVERSATIONS'] ??= '12';
await import('../oracle/random-protocol.test.ts');
