"""
write_parquet_bounds.py <file>: a column of every type that has bounds, in two row groups; prints
what pyarrow says of each row group, values as text.
"""

import json
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = datetime(1970, 1, 1)
numbers = [None, 7, 3, 120, 5, None, 90, 4]
signed = [v and v - 100 for v in numbers]


def column(values, kind):
    return pa.array(values, kind)


def times(kind):
    return column([v and EPOCH + timedelta(days=v * 100, microseconds=v * 1000) for v in signed], kind)


table = pa.table({
    "flag": column([None, True, False, True, False, False, False, None], pa.bool_()),
    "int8": column(signed, pa.int8()),
    "int16": column(signed, pa.int16()),
    "int32": column(signed, pa.int32()),
    "int64": column([v and v * 2**50 + 1 for v in signed], pa.int64()),
    "uint8": column(numbers, pa.uint8()),
    "uint16": column([v and v * 500 for v in numbers], pa.uint16()),
    "uint32": column([v and v * 30_000_000 for v in numbers], pa.uint32()),
    "single": column([v and v / 4 for v in signed], pa.float32()),
    "double": column([v and v / 3 for v in signed], pa.float64()),
    "day": column([v and date(2000, 1, 1) + timedelta(days=v) for v in signed], pa.date32()),
    "millis": times(pa.timestamp("ms", tz="UTC")),
    "micros": times(pa.timestamp("us", tz="UTC")),
    "wall": times(pa.timestamp("us")),
    "text": column([v and "ä" * (v % 5) + str(v) for v in numbers], pa.string()),
    "bytes": column([v and bytes([v, 255]) for v in numbers], pa.binary()),
    "narrow": column([v and Decimal(v) / 100 for v in signed], pa.decimal128(7, 2)),
    "middle": column([v and Decimal(v) / 100 for v in signed], pa.decimal128(18, 4)),
    "wide": column([v and Decimal(v) * 10**25 for v in signed], pa.decimal128(38, 2)),
    "point": column([v and {"x.y": v} for v in numbers], pa.struct([("x.y", pa.int64())])),
    "list": column([v and [v, v + 1] for v in numbers], pa.list_(pa.int64())),
})
pq.write_table(table, sys.argv[1], row_group_size=4, store_decimal_as_integer=sys.argv[2] == "integers")


def text(value):
    if isinstance(value, datetime):
        return str((value.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1))
    if isinstance(value, date):
        return str((value - date(1970, 1, 1)).days)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower().removesuffix(".0")


metadata = pq.ParquetFile(sys.argv[1]).metadata
groups = []
for i in range(metadata.num_row_groups):
    group = metadata.row_group(i)
    columns = []
    for j in range(group.num_columns):
        chunk = group.column(j)
        bounds = chunk.statistics
        columns.append({
            "path": chunk.path_in_schema,
            "min": text(bounds.min),
            "max": text(bounds.max),
            "nullCount": bounds.null_count,
        })
    groups.append({
        "numRows": group.num_rows,
        "totalByteSize": group.total_byte_size,
        "columns": columns,
    })
print(json.dumps({
    "numRows": metadata.num_rows,
    "createdBy": metadata.created_by,
    "rowGroups": groups,
}))
