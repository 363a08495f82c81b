import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateToken } from './token.ts';
import { withoutCredentials } from './without-credentials.ts';

const jwt = `${Buffer.from('{"alg":"EdDSA"}').toString('base64url')}.${Buffer.from('{"sub":"a"}').toString('base64url')}.c2lnbmF0dXJl`;

describe('a text without credentials', () => {
  it('keeps of a token its id, and of a JWT nothing', () => {
    const { id, text } = generateToken();
    assert.equal(withoutCredentials(`user "${text}"; and ${text}`), `user "onr_${id}_…"; and onr_${id}_…`);
    assert.equal(
      withoutCredentials(`postgres://a:${text.toUpperCase()}@b/c`),
      `postgres://a:ONR_${id.toUpperCase()}_…@b/c`,
    );
    assert.equal(withoutCredentials(`onrc_0123456789_${'a'.repeat(91)}`), 'onrc_0123456789_…');
    assert.equal(withoutCredentials(`Bearer ${jwt}`), 'Bearer eyJ…');
  });

  it('has nothing of those that were cut', () => {
    const { id, text } = generateToken();
    assert.equal(withoutCredentials(text.slice(0, 30)), `onr_${id}_…`);
    assert.equal(withoutCredentials(jwt.slice(0, 30)), 'eyJ…');
  });

  it('is the text where there are none', () => {
    for (const text of ['billing-agent', 'onr_', 'onrecord_billing_agent', 'eyJ', 'déjà/vu', '']) {
      assert.equal(withoutCredentials(text), text);
    }
  });
});
