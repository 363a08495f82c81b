import type { X509Certificate } from 'node:crypto';
import type { CertificateMapping } from '../config/config.ts';
import { parseDistinguishedName, sameName } from '../config/distinguished-name.ts';

/** One alternative name as Node writes them: a type, and a value that is in JSON's quotes where it could mislead. */
const alternativeName = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/** Whether a certificate is the one that an identity is mapped to. That it can be trusted was found out before. */
export function isMapped(certificate: X509Certificate, mapping: CertificateMapping): boolean {
  if (mapping.type === 'san') return alternativeNames(certificate).has(`${sanType(mapping.name)}:${mapping.name}`);
  const subject = parseDistinguishedName(certificate.subject ?? '');
  const wanted = parseDistinguishedName(mapping.name);
  return subject !== undefined && wanted !== undefined && sameName(subject, wanted);
}

/** What kind of alternative name a text is: a URI has a scheme, an address of mail an `@`, a host name neither. */
function sanType(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(name)) return 'URI';
  return name.includes('@') ? 'email' : 'DNS';
}

/** All of them, or none when there is one that cannot be read. */
function alternativeNames({ subjectAltName }: X509Certificate): ReadonlySet<string> {
  const names = new Set<string>();
  let rest = subjectAltName ?? '';
  while (rest !== '') {
    alternativeName.lastIndex = 0;
    const found = alternativeName.exec(rest);
    if (found === null) return new Set();
    const [whole, type, value = ''] = found;
    names.add(`${type}:${value.startsWith('"') ? JSON.parse(value) : value}`);
    rest = rest.slice(whole.length);
  }
  return names;
}
