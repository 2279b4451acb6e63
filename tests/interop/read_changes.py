"""read_changes.py <table> <version>: the change data feed of a version as delta-rs has it, as JSON."""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable

path, version = sys.argv[1:]
changes = DeltaTable(path).load_cdf(starting_version=int(version), ending_version=int(version))
rows = pa.table(changes.read_all()).to_pylist()
print(json.dumps(sorted([row["_change_type"], row["id"], row["n"]] for row in rows)))
