"""Runs the cells of a notebook with its kernel: run_notebook.py <notebook> <notebook with outputs>.

Prints a line of JSON for the kernel's process, for each cell that is about to run and for the cell
that failed. The outputs are written in any case.
"""

import json
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

CELL_TIMEOUT_SECONDS = 120
OUTPUT_TIMEOUT_SECONDS = 10
# The kernel may send what a cell printed after it has said that the cell is done, and even as the
# output of the next one. Each cell is therefore followed by one that prints this: what comes before
# it belongs to the cell.
END = "\u0004end of cell\n"
PRINT_END = f"console.log({json.dumps(END[:-1])}); console.error({json.dumps(END[:-1])});"


def say(**event):
    print(json.dumps(event), flush=True)


class DenoClient(NotebookClient):
    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await self._collect(parent_msg_id, cell, cell_index, set())
        end = self.kc.execute(PRINT_END, store_history=False)
        await self._collect(end, cell, cell_index, {"stdout", "stderr"})

    async def _collect(self, parent_msg_id, cell, cell_index, streams):
        """Takes outputs for the cell until the request is done and the streams have ended."""
        done = False
        while not done or streams:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            content = message["content"]
            if message["msg_type"] == "status":
                is_own = message["parent_header"].get("msg_id") == parent_msg_id
                done = done or (is_own and content["execution_state"] == "idle")
                continue
            if message["msg_type"] == "execute_input":
                continue
            if message["msg_type"] == "stream" and END in content["text"]:
                streams.discard(content["name"])
                content["text"] = content["text"].replace(END, "")
                if not content["text"]:
                    continue
            self.process_message(message, cell, cell_index)


def run(source, target):
    notebook = nbformat.read(source, as_version=4)
    folder = os.path.dirname(os.path.abspath(source))
    client = DenoClient(
        notebook,
        kernel_name="deno",
        timeout=CELL_TIMEOUT_SECONDS,
        iopub_timeout=OUTPUT_TIMEOUT_SECONDS,
        raise_on_iopub_timeout=True,
        record_timing=False,
        coalesce_streams=True,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": folder}},
        on_notebook_start=lambda **_: say(kernel=client.km.provisioner.pid),
        on_cell_start=lambda cell, cell_index: say(cell=cell_index),
        on_cell_error=lambda cell, cell_index, execute_reply: say(
            failed=cell_index,
            error="\n".join(execute_reply["content"]["traceback"]),
        ),
    )
    try:
        client.execute()
    except CellExecutionError:
        return 1
    except (CellTimeoutError, DeadKernelError) as error:
        say(error=str(error))
        return 1
    finally:
        nbformat.write(notebook, target)
    return 0


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
