"""checkpoint_delta.py <table>: has delta-rs write a checkpoint."""

import json
import sys

from deltalake import DeltaTable

table = DeltaTable(sys.argv[1])
table.create_checkpoint()
print(json.dumps({"version": table.version()}))
