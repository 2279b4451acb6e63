"""write_parquet_int96.py <file>: old 96-bit timestamps beside others, found by field ids."""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def field(name, type, id):
    return pa.field(name, type, metadata={"PARQUET:field_id": str(id)})


schema = pa.schema([
    field("col-1", pa.timestamp("us", tz="UTC"), 1),
    field("col-2", pa.struct([field("col-3", pa.int64(), 3)]), 2),
    field("col-4", pa.list_(pa.struct([field("col-5", pa.string(), 5)])), 4),
    field("col-6", pa.map_(pa.string(), pa.struct([field("col-7", pa.int64(), 7)])), 6),
])
rows = [{
    "col-1": -2_000_000_000_000_000,
    "col-2": {"col-3": 3},
    "col-4": [{"col-5": "five"}],
    "col-6": [("k", {"col-7": 7})],
}]
table = pa.Table.from_pylist(rows, schema)
pq.write_table(table, sys.argv[1], use_deprecated_int96_timestamps=True)
print(json.dumps({"rows": table.num_rows}))
