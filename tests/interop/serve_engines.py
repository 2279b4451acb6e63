"""Serves delta-rs and DuckDB to the tests: a request a line in, an answer a line out, both JSON.

A request names what to `do`, the table's `path`, and what the function of that name takes. The
answer is `{"ok": …}`, or `{"error": …}` with the first line of what the engine said.
"""

import glob
import json
import os
import sys
import time

os.environ["TZ"] = "UTC"
time.tzset()

import duckdb
import duckdb_extension_delta
import pyarrow as pa
import pyarrow.compute as pc
from canonical_rows import digest
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Transaction, write_deltalake

duck = duckdb.connect()
extensions = os.path.join(os.path.dirname(duckdb_extension_delta.__file__), "extensions")
duck.execute("LOAD '%s'" % glob.glob(f"{extensions}/*/delta.duckdb_extension")[0])
duck.execute("SET TimeZone = 'UTC'")


def read(engine, path, version=None):
    """What an engine finds in a version of a table, the newest by default."""
    table = {"delta-rs": read_delta_rs, "duckdb": read_duckdb}[engine](path, version)
    return {"rows": table.num_rows, "digest": digest(table)}


def read_delta_rs(path, version):
    return rows_of(DeltaTable(path, version=version))


def read_duckdb(path, version):
    at = "" if version is None else f", version := {version}"
    return duck.execute(f"SELECT * FROM delta_scan(?{at})", [path]).to_arrow_table()


def rows_of(table, where="TRUE"):
    """Rows of a table, the columns in its schema's order."""
    names = [field["name"] for field in json.loads(table.schema().to_json())["fields"]]
    query = QueryBuilder().register("t", table).execute(f"SELECT * FROM t WHERE {where}")
    return pa.table(query.read_all()).select(names)


def plain_rows(path, where="TRUE"):
    """Rows of a table in the layouts that every writer takes."""
    rows = rows_of(DeltaTable(path), where)
    fields = [pa.field(f.name, without_views(f.type), f.nullable) for f in rows.schema]
    return rows.cast(pa.schema(fields))


def copies(path, ids, add_to_id):
    """The rows of these ids, under ids that are higher by `add_to_id`."""
    rows = plain_rows(path, f"id IN ({', '.join(map(str, ids))})")
    at = rows.column_names.index("id")
    shifted = pc.add(rows["id"], pa.scalar(add_to_id, rows["id"].type))
    return rows.set_column(at, rows.schema.field("id"), shifted)


def without_views(type):
    if pa.types.is_string_view(type):
        return pa.string()
    if pa.types.is_binary_view(type):
        return pa.binary()
    if pa.types.is_dictionary(type):
        return without_views(type.value_type)
    if pa.types.is_struct(type):
        return pa.struct([pa.field(f.name, without_views(f.type), f.nullable) for f in type])
    if pa.types.is_map(type):
        return pa.map_(without_views(type.key_type), without_views(type.item_type))
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_list_view(type):
        field = type.value_field
        return pa.list_(pa.field(field.name, without_views(field.type), field.nullable))
    return type


def clone(path, to, partition_by, configuration):
    """Makes a table of delta-rs with the rows of another."""
    write_deltalake(
        to, plain_rows(path), partition_by=partition_by or None, configuration=configuration
    )


def append(path, ids, add_to_id):
    """Appends copies of rows."""
    properties = CommitProperties(app_transactions=[Transaction("delta-rs", add_to_id)])
    write_deltalake(path, copies(path, ids, add_to_id), mode="append", commit_properties=properties)


def merge(path, ids, add_to_id):
    """Merges copies of rows: there already or new, by id."""
    source = copies(path, ids, add_to_id)
    DeltaTable(path).merge(source, "t.id = s.id", source_alias="s", target_alias="t") \
        .when_matched_update_all().when_not_matched_insert_all().execute()


def delete(path, where):
    DeltaTable(path).delete(where)


def update(path, set, where):
    DeltaTable(path).update(updates=set, predicate=where)


def optimize(path):
    DeltaTable(path).optimize.compact()


def z_order(path, columns):
    DeltaTable(path).optimize.z_order(columns)


def checkpoint(path):
    DeltaTable(path).create_checkpoint()


def restore(path, version):
    DeltaTable(path).restore(version)


def vacuum(path):
    """Removes every file that the newest version does not need."""
    DeltaTable(path).vacuum(0, dry_run=False, enforce_retention_duration=False)


OPERATIONS = [read, clone, append, merge, delete, update, optimize, z_order, checkpoint, restore, vacuum]


def serve():
    functions = {function.__name__: function for function in OPERATIONS}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": functions[request.pop("do")](**request)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".partition("\n")[0]}
        print(json.dumps(answer), flush=True)


serve()
