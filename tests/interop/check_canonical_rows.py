"""Prints the digest of fixed rows, and of doubles that JavaScript prints in its own way."""

import decimal
import json

import pyarrow as pa
from canonical_rows import digest, number_text

row_type = pa.schema([
    ("id", pa.int64()),
    ("name", pa.string()),
    ("score", pa.float64()),
    ("d", pa.decimal128(10, 2)),
    ("t", pa.timestamp("us", tz="UTC")),
    ("b", pa.binary()),
    ("m", pa.map_(pa.string(), pa.int64())),
    ("s", pa.struct([("x", pa.bool_())])),
])
rows = [
    {"id": 1, "name": 'é"\n', "score": 0.1, "d": decimal.Decimal("1.50"), "t": 1704067200000000,
     "b": b"\x00\xff", "m": [("a", 1), ("b", None)], "s": {"x": True}},
    {"id": 2, "score": float("nan"), "m": []},
]
table = pa.Table.from_pylist(rows, schema=row_type)
numbers = [1.0, 0.1, 1e21, 1.5e-7, 123456789.125, 1e-6, 0.000012345, 1e20, -2.5e300, 5e-324]
print(json.dumps({"digest": digest(table), "numbers": [number_text(n) for n in numbers]}))
