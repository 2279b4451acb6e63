"""append_delta.py <table> <first id> <rows> [<partition column>]: appends trades with delta-rs."""

import decimal
import json
import sys

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

path, first, rows, *partition_by = sys.argv[1:]
ids = range(int(first), int(first) + int(rows))
table = pa.table({
    "symbol": pa.array([["BTCUSDT", "ETHUSDT"][i % 2] for i in ids], pa.string()),
    "id": pa.array(ids, pa.int64()),
    "price": pa.array([decimal.Decimal(i).scaleb(-8) for i in ids], pa.decimal128(18, 8)),
    "at": pa.array([1704067200000000 + i for i in ids], pa.timestamp("us", tz="UTC")),
})
properties = CommitProperties(app_transactions=[Transaction("python", int(first))])
write_deltalake(
    path, table, mode="append", partition_by=partition_by or None, commit_properties=properties
)
print(json.dumps({"version": DeltaTable(path).version()}))
