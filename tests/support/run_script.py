"""run_script.py <script> <arguments>: runs a script, and ends the process as soon as it is done.

Python's own end is left out: threads of delta-rs that still run then abort the process now and then.
"""

import os
import runpy
import sys

sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)
