"""read_parquet.py <file>: what pyarrow finds in a file: its fields, column chunks and rows, as JSON."""

import json
import sys

import pyarrow.parquet as pq
import pyarrow.types as pt


def fields(field, path):
    path = path + [field.name]
    field_id = (field.metadata or {}).get(b"PARQUET:field_id")
    yield {
        "path": ".".join(path),
        "id": None if field_id is None else int(field_id),
        "required": not field.nullable,
    }
    children = []
    if pt.is_struct(field.type):
        children = [field.type.field(i) for i in range(field.type.num_fields)]
    elif pt.is_list(field.type):
        children = [field.type.value_field]
    elif pt.is_map(field.type):
        children = [field.type.key_field, field.type.item_field]
    for child in children:
        yield from fields(child, path)


with pq.ParquetFile(sys.argv[1]) as file:
    metadata = file.metadata
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    print(json.dumps({
        "fields": [found for field in file.schema_arrow for found in fields(field, [])],
        "compression": sorted({
            group.column(i).compression for group in groups for i in range(group.num_columns)
        }),
        "rowGroups": [group.num_rows for group in groups],
        "rows": file.read().to_pylist(),
    }, default=str))
