"""The command `vcd`, loaded once: each line of standard input is a command line, run in a process of its own.

vcd-cli takes most of a second to load, which a test of thirty commands does not have thirty times. A command line comes
as a JSON list; back goes one JSON object a line, with the exit `code` and the `output` of both streams.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import IO, NoReturn

from vcd_cli.vcd import vcd


def main() -> None:
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output:
            process = os.fork()
            if process == 0:
                run(json.loads(line), output)
            _, status = os.waitpid(process, 0)
            output.seek(0)
            told = {"code": os.waitstatus_to_exitcode(status), "output": output.read().decode()}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def run(arguments: list[str], output: IO[bytes]) -> NoReturn:
    """As the console script: it ends the process."""
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    sys.argv[1:] = arguments
    code = 1
    try:
        vcd(prog_name="vcd")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
