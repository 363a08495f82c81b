import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { activeMasks } from './active-masks.ts';
import { maskingRule, subject } from './masks.fixture.ts';

const email = new Map([['public.customers.email', 'partial' as const]]);

describe('activeMasks', () => {
  it('leaves alone whom no rule concerns', () => {
    for (const rule of [
      { connections: ['other'] },
      { identities: ['other'] },
      { groups: ['others'] },
      { identities: ['other'], groups: ['others'] },
      { except: { identities: ['billing-agent'], groups: [] } },
      { except: { identities: [], groups: ['agents'] } },
    ]) {
      assert.equal(activeMasks([maskingRule({ columns: email, ...rule })], subject), undefined);
    }
    assert.equal(activeMasks([maskingRule()], subject), undefined, 'a rule that says nothing');
  });

  it('masks for whom a rule names by identity, by group, by connection, or not at all', () => {
    for (const rule of [
      {},
      { connections: ['billing'] },
      { identities: ['billing-agent'] },
      { groups: ['agents'] },
      { identities: ['other'], groups: ['agents'] },
    ]) {
      const masks = activeMasks([maskingRule({ columns: email, ...rule })], subject);
      assert.equal(masks?.columns.get('public.customers.email'), 'partial');
    }
  });

  it('takes the most restrictive action, the denial of probes, and the functions that all rules with columns trust', () => {
    const masks = activeMasks(
      [
        maskingRule({ columns: email, trustedFunctions: ['public.a', 'public.b'], probe: 'deny' }),
        maskingRule({ columns: new Map([['public.customers.email', 'null']]), trustedFunctions: ['public.b'] }),
        maskingRule({ detectors: new Map([['card', 'partial']]) }),
        maskingRule({ detectors: new Map([['card', 'redact']]) }),
      ],
      subject,
    );
    assert.equal(masks?.columns.get('public.customers.email'), 'null');
    assert.equal(masks?.probe, 'deny');
    assert.deepEqual(Array.from(masks?.trustedFunctions ?? []), ['public.b']);
    assert.deepEqual(
      masks?.detectors.map(({ detector, action }) => [detector.name, action]),
      [['card', 'redact']],
    );
  });

  it('gives the same object to sessions under the same rules', () => {
    const rules = [maskingRule({ columns: email }), maskingRule({ columns: email, groups: ['others'] })];
    const masks = activeMasks(rules, subject);
    assert.equal(activeMasks(rules, { ...subject, identity: 'somebody-else' }), masks);
    assert.notEqual(activeMasks(rules, { ...subject, groups: ['others'] }), masks);
  });
});
