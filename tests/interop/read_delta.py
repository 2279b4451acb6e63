"""read_delta.py <table> [<SQL over t>]: what delta-rs finds in a table, as JSON."""

import json
import sys

import pyarrow as pa
from canonical_rows import digest
from deltalake import DeltaTable, QueryBuilder

path, *queries = sys.argv[1:]
table = DeltaTable(path)
rows = table.to_pyarrow_table()
answers = []
for sql in queries:
    result = pa.table(QueryBuilder().register("t", table).execute(sql).read_all())
    answers.append([[str(value) for value in row.values()] for row in result.to_pylist()])
print(json.dumps({
    "version": table.version(),
    "numFiles": len(table.file_uris()),
    "rows": rows.num_rows,
    "digest": digest(rows),
    "columns": rows.schema.names,
    "partitionColumns": table.metadata().partition_columns,
    "answers": answers,
}))
