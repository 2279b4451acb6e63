"""write_parquet_names.py <file>: columns whose names and shapes make them hard to tell apart."""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ids = range(10)
variant = pa.struct([
    pa.field("metadata", pa.binary(), nullable=False),
    pa.field("value", pa.binary()),
    pa.field("typed_value", pa.struct([("a", pa.int64())])),
])
table = pa.table({
    "a.b": pa.array([i * 10 for i in ids]),
    "a": pa.array([{"b": i, "c": {"d": str(i)}} for i in ids]),
    "a\\b": pa.array([i * 20 for i in ids]),
    "`q`": pa.array([i * 30 for i in ids]),
    "": pa.array([i * 40 for i in ids]),
    "über.größe": pa.array([{"größe": {"x.y": i * 50, "x": {"y": i * 60}}} for i in ids]),
    "category": pa.array([f"c{i % 2}" for i in ids]).dictionary_encode(),
    "variant": pa.array(
        [{"metadata": b"m", "value": bytes([i]), "typed_value": {"a": i}} for i in ids],
        variant,
    ),
})
pq.write_table(table, sys.argv[1], row_group_size=4)
print(json.dumps({"rows": table.num_rows}))
