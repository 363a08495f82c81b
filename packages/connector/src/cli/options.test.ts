import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { removeDirectory, temporaryDirectory } from '../../../../tests/support/leftovers.ts';
import { authorityPin, generateEnrollmentToken } from '../link/enrollment-token.ts';
import { readCommandLine, UsageError } from './options.ts';

const token = generateEnrollmentToken(authorityPin(Buffer.from('an authority')));
const directory = temporaryDirectory('connector-options');
const file = join(directory, 'token');
after(() => removeDirectory(directory));

test('without options the configuration in the working directory is run', () => {
  const line = { type: 'run', config: './connector.yaml', gateways: [], tokens: [], notes: [] };
  assert.deepEqual(readCommandLine([], {}), line);
});

test('gateways and tokens may be given several times, tokens by reference, too', () => {
  writeFileSync(file, `${token.text}\n`);
  const args = ['--gateway', 'a:1', '--gateway=[::1]:2', '--config', 'x.yaml'];
  const enrol = ['--enroll', token.text, '--enroll', `file:${file}`, '--enroll', 'env:TOKEN'];
  assert.deepEqual(readCommandLine([...args, ...enrol], { TOKEN: token.text }), {
    type: 'run',
    config: 'x.yaml',
    gateways: [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ],
    tokens: [token, token, token],
    notes: [],
  });
});

test('a token that was there for the first start only may be gone', () => {
  const gone = ['env:NONE', 'env:EMPTY', `file:${join(directory, 'none')}`];
  const line = readCommandLine(
    gone.flatMap((reference) => ['--enroll', reference]),
    { EMPTY: '' },
  );
  assert.ok(line.type === 'run');
  assert.deepEqual(line.tokens, []);
  assert.deepEqual(
    line.notes,
    gone.map((reference) => `--enroll ${reference}: there is nothing; going on without`),
  );
});

test('what cannot be followed is refused in words that hold no token', () => {
  const almost = token.text.slice(0, -1);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--enroll', almost], /^--enroll: what is given is no enrolment token, or not all of it/],
    [[token.text], /^there are options only, no arguments$/],
    [['--enrol', token.text], /^Unknown option '--enrol'$/],
    [['--gateway', 'a'], /^--gateway must be host:port/],
    [['--enroll', `file:${directory}`], /cannot be read \(EISDIR\)$/],
    [['--config'], /^Option '--config <value>' argument missing$/],
  ];
  for (const [args, message] of cases) {
    assert.throws(
      () => readCommandLine(args, {}),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        assert.ok(!error.message.includes(almost));
        return true;
      },
    );
  }
});
