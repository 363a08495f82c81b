import { utf8 } from './utf8.ts';

/**
 * The answer to AuthenticationMD5Password, for PasswordMessage: `md5` and the hash of a hash (pg_md5_encrypt,
 * common/md5_common.c). Weak: whoever knows the hash that the server keeps can log in.
 */
export function md5Password(
  md5: (data: Uint8Array) => Uint8Array,
  secret: { readonly user: Uint8Array; readonly password: Uint8Array; readonly salt: Uint8Array },
): Uint8Array {
  const inner = hex(md5(concatenate(secret.password, secret.user)));
  return utf8(`md5${hex(md5(concatenate(utf8(inner), secret.salt)))}`);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
