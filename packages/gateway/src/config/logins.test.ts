import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '@onrecord/connector/config';
import { parseConfig } from './parse-config.ts';

const parse = (text: string) => parseConfig(text, '/etc/onrecord/onrecord.yaml');
const issuer = (more: string): string =>
  `identities: { agent: { login: jwt } }\nissuers:\n  corp: { issuer: https://id.example.com, audience: onrecord, ${more} }`;
const rules = 'identities: [ { claims: { sub: a }, identity: agent } ]';

function problems(text: string): readonly string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

describe('what an identity logs in with', () => {
  const login = (settings: string) =>
    parse(`tls: { client_ca: ca.pem }\n${issuer(rules).replace('login: jwt', settings)}`).identities.get('agent');

  it('is a token, and a certificate where there is one, unless it is said', () => {
    assert.deepEqual(login('kind: agent')?.login, ['token']);
    assert.deepEqual(login('certificate: { san: a.example.com }')?.login, ['certificate', 'token']);
    assert.deepEqual(login('login: jwt')?.login, ['jwt']);
    assert.deepEqual(login('login: [oauth, token]')?.login, ['oauth', 'token']);
  });

  it('is a certificate by its subject or one of its names', () => {
    const subject = login('certificate: { subject: "CN=a,O=b" }')?.certificate;
    assert.deepEqual(subject, { type: 'subject', name: 'CN=a,O=b' });
    const name = login('certificate: { san: "spiffe://a/b" }')?.certificate;
    assert.deepEqual(name, { type: 'san', name: 'spiffe://a/b' });
  });

  it('must be possible', () => {
    const identity = (settings: string, top = 'data: x') => problems(`${top}\nidentities: { a: { ${settings} } }`);
    assert.deepEqual(identity('login: jwt'), [
      'identities.a.login: has jwt, but nobody issues such tokens: `issuers` is empty',
    ]);
    assert.deepEqual(identity('login: certificate'), [
      'identities.a.login: has certificate, but `certificate` does not say which',
    ]);
    assert.deepEqual(identity('certificate: { san: a }'), [
      'identities.a.certificate: no client is asked for a certificate: `tls.client_ca` is not set',
    ]);
    assert.match(
      identity('certificate: { subject: nobody }', 'tls: { client_ca: a }').join(),
      /must be a name such as/,
    );
    assert.match(identity('certificate: {}', 'tls: { client_ca: a }').join(), /either subject or san/);
    assert.match(identity('login: []').join(), /identities\.a\.login/);
    assert.deepEqual(problems('tls: { client_crl: a.pem }'), ['tls.client_crl: is not used without `client_ca`']);
    const off = `tls: off\n${issuer(rules)}`;
    assert.deepEqual(problems(off), ['identities.agent.login: has jwt, which needs TLS, and `tls` is off']);
    const both = issuer(rules).replace('login: jwt', 'login: [jwt, oauth]');
    assert.deepEqual(problems(both), [
      'identities.agent.login: has both jwt and oauth, and a client can only be asked for one of them',
    ]);
    const twice = issuer(rules).replace('login: jwt', 'login: [jwt, jwt]');
    assert.deepEqual(problems(twice), ['identities.agent.login: names a method a second time']);
    const unused = `tls: { client_ca: a }\n${issuer(rules).replace('login: jwt', 'login: jwt, certificate: { san: a }')}`;
    assert.deepEqual(problems(unused), [
      'identities.agent.certificate: is not used: `login` does not have certificate',
    ]);
  });
});

describe('an issuer', () => {
  it('has defaults, and paths of claims in two ways', () => {
    const found = parse(issuer(`${rules}, groups: groups, on_behalf_of: [act, sub], jwks: "file:keys.json"`));
    const corp = found.issuers.get('corp');
    assert.deepEqual(corp?.audience, ['onrecord']);
    assert.deepEqual(corp.keys, { type: 'file', path: '/etc/onrecord/keys.json' });
    assert.deepEqual(corp.groups, ['groups']);
    assert.deepEqual(corp.onBehalfOf, ['act', 'sub']);
    assert.equal(corp.clockSkewMs, 30_000);
    assert.equal(parse(issuer(rules)).issuers.get('corp')?.keys.type, 'discovery');
  });

  it('is reached by https, or on this machine', () => {
    const at = (url: string) => problems(issuer(`${rules}, jwks: "${url}"`));
    for (const url of ['https://a/jwks', 'http://127.0.0.1:1/jwks', 'http://[::1]/a', 'http://localhost/a']) {
      assert.deepEqual(at(url), [], url);
    }
    for (const url of [
      'http://id.example.com/jwks',
      'ftp://a/b',
      'https://u:p@a/b',
      'http://127.evil.example/a',
      'x',
    ]) {
      assert.match(at(url).join(), /issuers\.corp\.jwks: must be an https URL/, url);
    }
  });

  it('cannot allow tokens without a signature, or that whoever checks them could have signed', () => {
    for (const algorithm of ['none', 'HS256', 'HS512', 'dir']) {
      assert.match(problems(issuer(`${rules}, algorithms: [${algorithm}]`)).join(), /algorithms/, algorithm);
    }
  });

  it('has rules that name identities, and claims that are not empty', () => {
    assert.match(problems(issuer('identities: []')).join(), /issuers\.corp\.identities/);
    assert.deepEqual(problems(issuer('identities: [ { claims: { sub: a }, identity: agnet } ]')), [
      'issuers.corp.identities[0].identity: there is no identity "agnet"; did you mean "agent"?',
    ]);
    for (const claims of ['{}', '{ a: {} }', '{ a: [b] }', '{ a: null }', 'x']) {
      assert.match(problems(issuer(`identities: [ { claims: ${claims}, identity: agent } ]`)).join(), /claims/, claims);
    }
  });

  it('is configured once', () => {
    const twice = `${issuer(rules)}\n  again: { issuer: https://id.example.com, audience: x, ${rules} }`;
    assert.deepEqual(problems(twice), ['issuers.again.issuer: is the issuer of issuers.corp already']);
  });
});
