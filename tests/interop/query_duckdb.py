"""query_duckdb.py <table> <SQL over t>: what DuckDB finds in a table, as JSON."""

import glob
import json
import os
import sys

import duckdb
import duckdb_extension_delta

path, sql = sys.argv[1:]
duck = duckdb.connect()
extensions = os.path.join(os.path.dirname(duckdb_extension_delta.__file__), "extensions")
duck.execute("LOAD '%s'" % glob.glob(f"{extensions}/*/delta.duckdb_extension")[0])
duck.execute("SET TimeZone = 'UTC'")
duck.execute("CREATE VIEW t AS SELECT * FROM delta_scan('%s')" % path.replace("'", "''"))
print(json.dumps([[str(value) for value in row] for row in duck.execute(sql).fetchall()]))
