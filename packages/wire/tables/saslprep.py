"""Writes the code point tables of SASLprep (RFC 4013, RFC 3454) to ../src/scram/saslprep-tables.ts.

    python3 packages/wire/tables/saslprep.py

They are fixed for ever: stringprep is defined on Unicode 3.2, whose character database Python carries.
"""

import pathlib
import stringprep

ALL = range(0x110000)


def ranges(test):
    found, start = [], None
    for code in ALL:
        if test(chr(code)):
            if start is None:
                start = code
        elif start is not None:
            found.append((start, code - 1))
            start = None
    if start is not None:
        found.append((start, 0x10FFFF))
    return found


def base36(number):
    digits = '0123456789abcdefghijklmnopqrstuvwxyz'
    text = ''
    while True:
        text = digits[number % 36] + text
        number //= 36
        if number == 0:
            return text


def packed(found):
    """Gaps and lengths in turn, so that most of them are one or two characters."""
    numbers, at = [], 0
    for first, last in found:
        numbers += [first - at, last - first + 1]
        at = last + 1
    return ' '.join(map(base36, numbers))


PROHIBITED = [
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
]

TABLES = {
    'nonAsciiSpace': ('C.1.2: mapped to U+0020.', stringprep.in_table_c12),
    'mappedToNothing': ('B.1: left out.', stringprep.in_table_b1),
    'prohibited': (
        'C.1.2, C.2.1, C.2.2, C.3 to C.9 and A.1 (unassigned in Unicode 3.2): must not be in the result.',
        lambda c: any(test(c) for test in PROHIBITED),
    ),
    'rightToLeft': ('D.1: characters written from right to left.', stringprep.in_table_d1),
    'leftToRight': ('D.2: characters written from left to right.', stringprep.in_table_d2),
}

out = [
    '/**',
    ' * Code points of SASLprep (RFC 4013), by the tables of RFC 3454: gap and length of each range in turn, in base 36.',
    ' * Written by packages/wire/tables/saslprep.py; do not edit.',
    ' */',
]
for name, (comment, test) in TABLES.items():
    text = packed(ranges(test))
    out.append(f'/** {comment} */')
    out.append(f'export const {name}: string =')
    width = 112
    words, lines, line = text.split(' '), [], ''
    for word in words:
        if len(line) + len(word) + 1 > width:
            lines.append(line + ' ')
            line = word
        else:
            line = f'{line} {word}' if line else word
    lines.append(line)
    out.append(' +\n'.join(f"  '{line}'" for line in lines) + ';')
    out.append('')
target = pathlib.Path(__file__).parent.parent / 'src' / 'scram' / 'saslprep-tables.ts'
target.write_text('\n'.join(out).rstrip('\n') + '\n')
