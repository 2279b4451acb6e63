"""replicate_orders.py <job as JSON>: what replicate_orders.ts does, with delta-rs and psycopg.

As one would write it by hand to be fast: the newest change of each key of a batch, then MERGE and
COPY + INSERT … ON CONFLICT + DELETE, in a thread each. It reads the changes from a file, a line each,
keeps no note of how far it came, and knows nothing of values that did not come or do not fit.
"""

import json
import os
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import orjson
import psycopg
import pyarrow as pa
from deltalake import DeltaTable

COLUMNS = ["id", "customer", "amount", "status", "note", "updated_at"]
SCHEMA = pa.schema([
    ("id", pa.int64()),
    ("customer", pa.string()),
    ("amount", pa.decimal128(12, 2)),
    ("status", pa.string()),
    ("note", pa.string()),
    ("updated_at", pa.timestamp("us", tz="UTC")),
])
CREATE = """
    create table {table} (id bigint primary key, customer text, amount numeric(12, 2), status text,
        note text, updated_at timestamptz);
    create temp table staging (like {table}, gone boolean) on commit delete rows"""
UPSERT = """
    insert into {table} select {columns} from staging where not gone
    on conflict (id) do update set {sets}"""
DELETE = "delete from {table} t using staging s where s.gone and t.id = s.id"


def batches_of(path, size):
    with open(path, "rb") as file:
        while lines := list(islice(file, size)):
            yield lines


def newest_by_key(lines):
    """By key, the row after its last change with whether it is gone."""
    newest = {}
    for line in lines:
        change = orjson.loads(line)
        gone = change["after"] is None
        row = change["before"] if gone else change["after"]
        newest[row["id"]] = (*row.values(), gone)
    return newest


class PostgresTable:
    def __init__(self, job):
        self.names = {
            "table": job["table"],
            "columns": ", ".join(COLUMNS),
            "sets": ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:]),
        }
        self.connection = psycopg.connect(os.environ["DATABASE_URL"])
        self.connection.execute(CREATE.format(**self.names))
        self.connection.commit()

    def apply(self, rows):
        with self.connection.transaction(), self.connection.cursor() as cursor:
            with cursor.copy("copy staging from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(UPSERT.format(**self.names))
            cursor.execute(DELETE.format(**self.names))


class DeltaReplica:
    def __init__(self, job):
        self.table = DeltaTable.create(job["lake"], SCHEMA)

    def apply(self, rows):
        *values, gone = zip(*rows)
        # Texts become decimals and times in Arrow, which is faster than in Python.
        arrays = [
            pa.array(column, field.type if field.name == "id" else pa.string()).cast(field.type)
            for field, column in zip(SCHEMA, values)
        ]
        source = pa.table([*arrays, pa.array(gone)], [*COLUMNS, "gone"])
        columns = {name: f"s.{name}" for name in COLUMNS}
        (
            self.table.merge(source, "t.id = s.id", source_alias="s", target_alias="t")
            .when_matched_delete("s.gone")
            .when_matched_update(columns)
            .when_not_matched_insert(columns, "not s.gone")
            .execute()
        )


def replicate(job):
    kinds = {"postgres": PostgresTable, "delta": DeltaReplica}
    targets = [kinds[name](job) for name in job["targets"]]
    batches = changes = 0
    with ThreadPoolExecutor(2) as threads:
        for lines in batches_of(job["from"], job["batchSize"]):
            rows = list(newest_by_key(lines).values())
            list(threads.map(lambda target: target.apply(rows), targets))
            batches += 1
            changes += len(lines)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "batches": batches,
        "changes": changes,
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "peakRssMb": peak_rss_mb(),
    }


def peak_rss_mb():
    # getrusage would count what the process that started this one had.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


print(json.dumps(replicate(json.loads(sys.argv[1]))))
