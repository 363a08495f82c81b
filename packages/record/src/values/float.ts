/** float8out: the shortest decimal that reads back as the same double, written as printf's `%g` would. */
export function formatFloat8(value: number): string {
  return format(value, double);
}

/** float4out, for a value that is exactly a single. */
export function formatFloat4(value: number): string {
  return format(value, single);
}

interface Precision {
  /** Digits that always suffice. */
  readonly digits: number;
  /** From this power of ten on, there is an exponent. */
  readonly positional: number;
  /** Digits to begin with; trailing zeros are none. */
  readonly fewest: (value: number) => number;
  /**
   * True when the decimal reads as the value, and lies not in the very middle between it and its neighbour: Postgres
   * does not count on ties going to even (acceptBounds in d2s.c and f2s.c).
   */
  readonly reads: (decimal: string, value: number) => boolean;
}

const double: Precision = {
  digits: 17,
  positional: 15,
  // JavaScript's own may have one digit too many (2 ** 863 does), never more.
  fewest: (value) => Math.max(1, value.toExponential().replace(/e.*|\./g, '').length - 1),
  // A little more and a little less must read the same; Number() is exact for any number of digits.
  reads: (decimal, value) =>
    Number(extended(decimal, `${'0'.repeat(40)}1`)) === value &&
    Number(extended(moved(decimal, -1), '9'.repeat(40))) === value,
};

const single: Precision = {
  digits: 9,
  positional: 6,
  // FLT_DIG: two decimals of six digits never read as one single, unless it is a subnormal one.
  fewest: (value) => (value > 1.2e-38 ? 6 : 1),
  reads: (decimal, value) => {
    const read = Number(decimal);
    const opposite = 2 * read - value;
    return Math.fround(read) === value && (read === value || Math.fround(opposite) !== opposite);
  },
};

function format(value: number, precision: Precision): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const absolute = Math.abs(value);
  if (absolute === Number.POSITIVE_INFINITY) return `${sign}Infinity`;
  if (absolute === 0) return `${sign}0`;
  // No number in this range lies between decimals of 17 digits in such a way that Postgres and JavaScript would differ.
  const isPlain = precision === double && absolute > 1e-300 && absolute < 2 ** 51 && !isPowerOfTwo(absolute);
  const decimal = isPlain ? absolute.toExponential() : shortest(absolute, precision);
  return sign + layOut(decimal, precision.positional);
}

/** These lie closer to their lower neighbour than to their upper one. */
function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

/** As `1.234e+5`; of two that are as short and as near, the one whose last digit is even. */
function shortest(value: number, precision: Precision): string {
  for (let digits = precision.fewest(value); digits < precision.digits; digits += 1) {
    const nearest = nearestDecimal(value, digits);
    if (precision.reads(nearest, value)) return nearest;
    // The nearest decimal may lie below, out of reach, and the next one above within it.
    const above = isPowerOfTwo(value) ? moved(nearest, 1) : nearest;
    if (precision.reads(above, value)) return above;
  }
  return nearestDecimal(value, precision.digits);
}

/** With so many digits; `toExponential` rounds what lies in the middle up. */
function nearestDecimal(value: number, digits: number): string {
  const nearest = value.toExponential(digits - 1);
  return /[13579]e/.test(nearest) && isTie(value, digits) ? moved(nearest, -1) : nearest;
}

/** True when the value is written out in full by one digit more, and that is a 5. */
function isTie(value: number, digits: number): boolean {
  const all = value.toExponential(100).replace('.', '');
  return /^50*e/.test(all.slice(digits));
}

/** By units of the last place. */
function moved(decimal: string, by: number): string {
  const [mantissa = '', exponent = ''] = decimal.split('e');
  const places = mantissa.length === 1 ? 0 : mantissa.length - 2;
  const digits = String(BigInt(mantissa.replace('.', '')) + BigInt(by));
  const power = Number(exponent) - places + digits.length - 1;
  return `${digits[0]}${digits.length === 1 ? '' : `.${digits.slice(1)}`}e${power}`;
}

/** With more digits behind its own. */
function extended(decimal: string, more: string): string {
  const [mantissa = '', exponent = ''] = decimal.split('e');
  return `${mantissa}${mantissa.includes('.') ? '' : '.'}${more}e${exponent}`;
}

function layOut(decimal: string, positional: number): string {
  const [mantissa = '', power = ''] = decimal.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= positional) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
