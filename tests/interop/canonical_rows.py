"""The digest of rows that tests/support/canonical_rows.ts makes too."""

import datetime
import hashlib
import json
import math

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)


def digest(table):
    """The SHA-256 over the texts of all rows of an Arrow table, sorted."""
    fields = list(table.schema)
    columns = [
        [text(field.type, value) for value in table.column(i).to_pylist()]
        for i, field in enumerate(fields)
    ]
    names = [json_text(field.name) for field in fields]
    rows = []
    for values in zip(*columns):
        members = ",".join(f"{name}:{value}" for name, value in zip(names, values))
        rows.append(f"{{{members}}}".encode())
    return hashlib.sha256(b"\n".join(sorted(rows))).hexdigest()


def text(type, value):
    """A value as one text: JSON without blanks, with rules for what JSON leaves open."""
    if value is None:
        return "null"
    if pa.types.is_dictionary(type):
        return text(type.value_type, value)
    if pa.types.is_boolean(type):
        return "true" if value else "false"
    if pa.types.is_integer(type):
        return str(value)
    if pa.types.is_floating(type):
        return number_text(float(value))
    if pa.types.is_decimal(type):
        # Arithmetic would round to the context's 28 digits; the tuple is exact.
        digits = f"{value:f}"
        return f'"{digits.lstrip("-")}"' if value == 0 else f'"{digits}"'
    if pa.types.is_date(type):
        return f'"{value.isoformat()}"'
    if pa.types.is_timestamp(type):
        wall = value if value.tzinfo is None else value.astimezone(datetime.timezone.utc)
        return str((wall.replace(tzinfo=None) - EPOCH) // datetime.timedelta(microseconds=1))
    if pa.types.is_struct(type):
        members = (f"{json_text(f.name)}:{text(f.type, value[f.name])}" for f in type)
        return "{" + ",".join(members) + "}"
    if pa.types.is_map(type):
        pairs = (f"[{text(type.key_type, k)},{text(type.item_type, v)}]" for k, v in value)
        return "[" + ",".join(sorted(pairs, key=str.encode)) + "]"
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_list_view(type):
        return "[" + ",".join(text(type.value_type, item) for item in value) + "]"
    if isinstance(value, bytes):
        return f'"{value.hex()}"'
    return json_text(value)


def json_text(value):
    """Text as JSON.stringify has it: only quotes, backslashes and controls escaped."""
    return json.dumps(value, ensure_ascii=False)


def number_text(value):
    """A double as JavaScript prints it."""
    if not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0:
        return "0"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    if exponent == "":
        return mantissa.removesuffix(".0")
    power = int(exponent)
    if power >= 21 or power < -6:
        return f"{mantissa.removesuffix('.0')}e{power:+d}"
    return f"{value:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f}"

