"""Does to tables what delta_bench.ts does, with delta-rs, and tells how many seconds each took.

A request a line in, an answer a line out, both JSON, as in tests/interop/serve_engines.py.
"""

import json
import sys
import time

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

loaded = {}


def load(path, name):
    """Keeps the rows of a table in memory, in batches."""
    loaded[name] = pa.table(
        QueryBuilder().register("t", DeltaTable(path)).execute("SELECT * FROM t").read_all()
    )
    return loaded[name].num_rows


def append(path, name):
    return timed(lambda: write_deltalake(path, loaded[name], mode="append"))


def scan(path):
    sql = "SELECT symbol, count(*), sum(quantity), max(price) FROM t GROUP BY symbol"
    return timed(
        lambda: QueryBuilder().register("t", DeltaTable(path)).execute(sql).read_all()
    )


def open_table(path):
    return timed(lambda: DeltaTable(path).file_uris())


def merge(path, name):
    return timed(
        lambda: DeltaTable(path)
        .merge(loaded[name], "t.trade_id = s.trade_id", source_alias="s", target_alias="t")
        .when_matched_update_all().when_not_matched_insert_all().execute()
    )


def timed(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


functions = {function.__name__: function for function in [load, append, scan, open_table, merge]}
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"ok": functions[request.pop("do")](**request)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
