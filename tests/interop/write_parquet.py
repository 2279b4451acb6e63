"""write_parquet.py <file>: columns in the layouts that other writers use, in several row groups."""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ids = range(3000)
short = [None if i % 5 == 0 else f"s{i}" for i in ids]
long = [None if i % 7 == 0 else f"{i} is longer than twelve bytes" for i in ids]
micros = [1704067200000000 + i * 1000000 for i in ids]
lists = [None if i % 4 == 0 else [str(i), None] for i in ids]
table = pa.table({
    "id": pa.array(ids, pa.int64()),
    "large_text": pa.array(long, pa.large_string()),
    "short_view": pa.array(short, pa.string_view()),
    "long_view": pa.array(long, pa.string_view()),
    "bytes_view": pa.array([v and v.encode() for v in long], pa.binary_view()),
    "seconds": pa.array([v // 1000000 for v in micros], pa.timestamp("s", tz="UTC")),
    "millis": pa.array([v // 1000 for v in micros], pa.timestamp("ms", tz="UTC")),
    "nanos": pa.array([v * 1000 - 1 for v in micros], pa.timestamp("ns")),
    "large_list": pa.array(lists, pa.large_list(pa.string())),
    "unsigned": pa.array([i * 20 for i in ids], pa.uint16()),
    "category": pa.array(short).dictionary_encode(),
})
pq.write_table(table, sys.argv[1], row_group_size=700, compression="gzip")
print(json.dumps({"rows": table.num_rows}))
