import { didYouMean, type Problem } from '@onrecord/connector/config';
import { dotted, type YamlSource } from '@onrecord/connector/settings';

type Place = readonly (string | number)[];
type Found = { readonly at: Place; readonly message: string };

/**
 * What is wrong with how identities log in, where one setting depends on another. Reads the raw value, so that other
 * problems do not hide these.
 */
export function loginProblems(source: YamlSource): readonly Problem[] {
  const root = asRecord(source.value);
  const found = [...ofIssuers(root), ...ofIdentities(root), ...ofTls(root)];
  return found.map(({ at, message }) => ({ ...source.positionOf(at), path: dotted(at), message }));
}

type Raw = { readonly [name: string]: unknown };

function ofIssuers(root: Raw): readonly Found[] {
  const identities = Object.keys(asRecord(root['identities']));
  const urls = new Map<unknown, string>();
  return Object.entries(asRecord(root['issuers'])).flatMap(([name, settings]) => {
    const { issuer, identities: rules } = asRecord(settings);
    const found: Found[] = [];
    const before = urls.get(issuer);
    urls.set(issuer, name);
    if (typeof issuer === 'string' && before !== undefined) {
      found.push({ at: ['issuers', name, 'issuer'], message: `is the issuer of issuers.${before} already` });
    }
    (Array.isArray(rules) ? rules : []).forEach((rule: unknown, index) => {
      const { identity } = asRecord(rule);
      if (typeof identity !== 'string' || identities.includes(identity)) return;
      const message = `there is no identity "${identity}"${didYouMean(identity, identities)}`;
      found.push({ at: ['issuers', name, 'identities', index, 'identity'], message });
    });
    return found;
  });
}

function ofIdentities(root: Raw): readonly Found[] {
  const issuers = Object.keys(asRecord(root['issuers'])).length;
  const off = root['tls'] === 'off';
  const clientCa = asRecord(root['tls'])['client_ca'];
  return Object.entries(asRecord(root['identities'])).flatMap(([name, settings]) => {
    const { login, certificate } = asRecord(settings);
    const methods: readonly unknown[] = Array.isArray(login) ? login : login === undefined ? [] : [login];
    const wrong = (message: string): Found => ({ at: ['identities', name, 'login'], message });
    const found: Found[] = [];
    if (new Set(methods).size < methods.length) found.push(wrong('names a method a second time'));
    if (methods.includes('jwt') && methods.includes('oauth')) {
      found.push(wrong('has both jwt and oauth, and a client can only be asked for one of them'));
    }
    const needsIssuer = methods.find((method) => method === 'jwt' || method === 'oauth');
    if (needsIssuer !== undefined && issuers === 0) {
      found.push(wrong(`has ${needsIssuer}, but nobody issues such tokens: \`issuers\` is empty`));
    }
    const needsTls = methods.find((method) => method !== 'token' && typeof method === 'string');
    if (off && needsTls !== undefined) found.push(wrong(`has ${needsTls}, which needs TLS, and \`tls\` is off`));
    if (methods.includes('certificate') && certificate === undefined) {
      found.push(wrong('has certificate, but `certificate` does not say which'));
    }
    if (certificate !== undefined && methods.length > 0 && !methods.includes('certificate')) {
      found.push({
        at: ['identities', name, 'certificate'],
        message: 'is not used: `login` does not have certificate',
      });
    }
    if (certificate !== undefined && clientCa === undefined) {
      const message = 'no client is asked for a certificate: `tls.client_ca` is not set';
      found.push({ at: ['identities', name, 'certificate'], message });
    }
    return found;
  });
}

function ofTls(root: Raw): readonly Found[] {
  const { client_ca, client_crl } = asRecord(root['tls']);
  if (client_crl === undefined || client_ca !== undefined) return [];
  return [{ at: ['tls', 'client_crl'], message: 'is not used without `client_ca`' }];
}

function asRecord(value: unknown): Raw {
  return typeof value === 'object' && value !== null ? (value as Raw) : {};
}
