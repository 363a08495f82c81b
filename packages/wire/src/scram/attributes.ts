import { ProtocolError } from '../protocol-error.ts';

/**
 * Reads the comma-separated `a=value` attributes of a SCRAM message (RFC 5802 section 7), as read_attr_value and
 * read_any_attr do (backend/libpq/auth-scram.c). What is wrong never quotes a value: some are secrets.
 */
export class Attributes {
  readonly #text: string;
  #at: number;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  /** Offset of the next attribute. */
  get offset(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next attribute's value; it must have this name. */
  expect(name: string): string {
    const attribute = this.any();
    if (attribute.name !== name) {
      throw new ProtocolError(`malformed SCRAM message: expected attribute "${name}"`);
    }
    return attribute.value;
  }

  any(): { readonly name: string; readonly value: string } {
    const name = this.#text[this.#at] ?? '';
    if (!/^[A-Za-z]$/.test(name)) throw new ProtocolError('malformed SCRAM message: an attribute was expected');
    if (this.#text[this.#at + 1] !== '=') {
      throw new ProtocolError(`malformed SCRAM message: expected character "=" for attribute "${name}"`);
    }
    const comma = this.#text.indexOf(',', this.#at);
    const end = comma === -1 ? this.#text.length : comma;
    const value = this.#text.slice(this.#at + 2, end);
    this.#at = end + 1;
    return { name, value };
  }
}
