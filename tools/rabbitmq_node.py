"""A private RabbitMQ node, run from the installed Debian package `rabbitmq-server` (Linux only).

    with private_node() as node:
        pika.BlockingConnection(pika.URLParameters(node.url))

    python -m tools.rabbitmq_node -- gatepost serve --broker {amqp_url}

The node shares nothing with a RabbitMQ that the machine may run: it has its own name, ports, folders, cookie and
`epmd`, listens on 127.0.0.1 only and needs no special user. Nothing of it is left when the block ends, when the
start fails, or when this process is killed.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from types import FrameType

LOOPBACK = "127.0.0.1"
HOW_TO_INSTALL = "RabbitMQ is not installed; get it with: apt-get install rabbitmq-server"

START_SECONDS = 90.0
STOP_SECONDS = 30.0
CTL_SECONDS = 60.0
START_ATTEMPTS = 3
LOG_LINES_SHOWN = 25

# What the node's listener and its distribution check write about a port that somebody else listens on.
_PORT_CLASH = re.compile(r"eaddrinuse|dist_port_already_used")

# Arguments, because any configuration file makes the node load the schemas of all plugins, which costs 0.7 s. The two
# limits are those which never block a publisher.
_SERVER_ARGUMENTS = (
    *("-kernel", "inet_dist_use_interface", "{127,0,0,1}"),
    *("-rabbit", "disk_free_limit", "0"),
    *("-rabbit", "vm_memory_high_watermark", "1.0"),
)

_EPMD_NAMES_REQUEST = b"\x00\x01n"
_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
_AMQP_METHOD_FRAME = b"\x01"

# Reads lines until its standard input ends, which is when the process that holds the other end is gone, however it
# went. PR_SET_PDEATHSIG would kill the node when the *thread* that started it ends, and could not remove the folder.
_LEASH = """
groups=
while read -r line; do groups=$line; done
[ -z "$groups" ] || kill -s KILL -- $groups
tries=0
until [ -z "$1" ] || rm -rf -- "$1" || [ $tries -ge 25 ]; do tries=$((tries + 1)); sleep 0.2; done
"""


class NodeError(RuntimeError):
    """The node could not be started or asked; the message carries what it said itself."""


class PortTakenError(NodeError):
    """Somebody else began to listen on one of the node's ports."""


def find_rabbitmq() -> Path | None:
    """The server script of the newest installed RabbitMQ, or None.

    Not Debian's `/usr/sbin/rabbitmq-server`: that wrapper changes the user, and then fails in folders of root.
    """
    scripts = Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server")
    return max(scripts, key=lambda script: [int(n) for n in re.findall(r"\d+", script.parts[-3])], default=None)


@contextmanager
def private_node(folder: Path | None = None) -> Iterator["RabbitNode"]:
    """A running node that is gone after the block. Its data and log are in `folder`, which stays, or else in a
    temporary folder, which goes too. Raises NodeError where RabbitMQ is not installed or does not start."""
    server = find_rabbitmq()
    if server is None:
        raise NodeError(HOW_TO_INSTALL)
    node = _start_on_free_ports(server, folder)
    try:
        yield node
    finally:
        node.close()


def _start_on_free_ports(server: Path, folder: Path | None) -> "RabbitNode":
    for attempts_left in reversed(range(START_ATTEMPTS)):
        node = RabbitNode(server, folder)
        try:
            node.start()
        except PortTakenError:
            node.close()
            if not attempts_left:
                raise
        except BaseException:
            node.close()
            raise
        else:
            return node
    raise AssertionError("unreachable: the last attempt returns or raises")


class RabbitNode:
    """One node; `url` and `port` stay the same across `stop` and `start`. Made by `private_node`."""

    def __init__(self, server: Path, folder: Path | None) -> None:
        self.name = f"gatepost-{os.getpid()}-{secrets.token_hex(4)}@localhost"
        self._reservations = [_reserve_port() for _ in range(3)]
        self.port, self._distribution_port, self._epmd_port = (s.getsockname()[1] for s in self._reservations)
        self.url = f"amqp://guest:guest@{LOOPBACK}:{self.port}/%2F"
        self._server_script = server
        self._keep_folder = folder is not None
        self.folder = folder.resolve() if folder else Path(tempfile.mkdtemp(prefix="gatepost-rabbitmq-"))
        self._environment = _environment(self.name, self.folder, self.port, self._distribution_port, self._epmd_port)
        self._log = self.folder / "node.log"
        self._log_start = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node, or start it again after `stop`, on the data it had; returns when it takes AMQP
        connections (3 to 5 s). Raises NodeError, with the last lines of the node's log, when it does not;
        PortTakenError when somebody took its port while it was stopped."""
        if _alive(self._server):
            return
        _make_folders(self.folder)
        if self._leash is None:
            self._leash = self._fasten_leash()
        if not _alive(self._epmd):
            self._epmd = self._run("epmd", "-port", str(self._epmd_port), "-address", LOOPBACK)
            self._tell_leash()
            self._await(self._epmd, self._epmd_port, _EPMD_NAMES_REQUEST, self._epmd_port.to_bytes(4, "big"))
        self._server = self._run(
            str(self._server_script), *_SERVER_ARGUMENTS, "-pa", *_hot_folders(self._server_script)
        )
        self._tell_leash()
        try:
            self._await(self._server, self.port, _AMQP_HEADER, _AMQP_METHOD_FRAME)
        except BaseException:
            _kill(self._server)
            raise

    def stop(self) -> None:
        """Stop the node as an operator would (about 1 s): clients are told, durable queues and persistent messages
        stay on disk, and connections to the port are refused until `start`."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGTERM)
        try:
            self._server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(self._server)
        self._tell_leash()

    def ctl(self, *args: str) -> str:
        """What `rabbitmqctl -q ARGS…` prints about this node (about 0.5 s). Raises NodeError when it fails."""
        command = [str(self._server_script.with_name("rabbitmqctl")), "-q", "-n", self.name, *args]
        result = subprocess.run(
            command, env=self._environment, cwd=self.folder, capture_output=True, text=True, timeout=CTL_SECONDS
        )
        if result.returncode != 0:
            said = f"{result.stdout}\n{result.stderr}".strip()
            raise NodeError(f"rabbitmqctl {' '.join(args)} ended with {result.returncode}: {said}")
        return result.stdout

    def close(self) -> None:
        """End the node and all that belongs to it. A folder that goes away needs no orderly stop, which takes 1 s."""
        if self._keep_folder:
            self.stop()
        # The node before its epmd: a node that misses its epmd starts another one.
        for process in (self._server, self._epmd, self._leash):
            if process is not None:
                _kill(process)
        for reservation in self._reservations:
            reservation.close()
        if not self._keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own, out of reach of the terminal's Ctrl-C."""
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            return subprocess.Popen(
                command,
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _fasten_leash(self) -> subprocess.Popen[bytes]:
        doomed_folder = "" if self._keep_folder else str(self.folder)
        return subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "leash", doomed_folder],
            bufsize=0,
            env=self._environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _tell_leash(self) -> None:
        """Name the process groups that are to die with this process."""
        groups = [f"-{process.pid}" for process in (self._server, self._epmd) if process and _alive(process)]
        if self._leash and self._leash.stdin:
            # A leash that somebody killed protects no more; the node itself is as good as before.
            with suppress(BrokenPipeError):
                self._leash.stdin.write(" ".join(groups).encode() + b"\n")

    def _await(self, process: subprocess.Popen[bytes], port: int, request: bytes, reply: bytes) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port, request, reply):
            if process.poll() is not None:
                raise self._start_error(process, f"ended with {process.returncode}")
            if time.monotonic() > deadline:
                raise self._start_error(process, f"gave no answer within {START_SECONDS:g} s")
            time.sleep(0.02)

    def _start_error(self, process: subprocess.Popen[bytes], how: str) -> NodeError:
        log = self._log.read_bytes()[self._log_start :].decode(errors="replace")
        # An epmd whose port is taken supposes that another one runs there, and ends without a word.
        kind = PortTakenError if process is self._epmd or _PORT_CLASH.search(log) else NodeError
        last_lines = "\n".join(log.splitlines()[-LOG_LINES_SHOWN:]) or "(nothing)"
        return kind(f"The RabbitMQ node {self.name} {how} at its start. The end of its log may say why:\n{last_lines}")


def _answers(port: int, request: bytes, reply: bytes) -> bool:
    """Whether the listener is the one we started: to be connected is not enough, a stranger may have the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(len(reply)) == reply
    except OSError:
        return False


def _reserve_port() -> socket.socket:
    """A bound socket that never listens: Linux gives its port to nobody, except to a server that sets SO_REUSEADDR, as
    RabbitMQ and epmd do. Below the range of ephemeral ports, so that a client which keeps connecting while the node is
    down can never be given that very port and connect to itself."""
    while True:
        reservation = socket.socket()
        try:
            reservation.bind((LOOPBACK, 20000 + secrets.randbelow(12000)))
        except OSError:
            reservation.close()
        else:
            # Only now: set before, it would let two reservations share a port.
            reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return reservation


def _environment(name: str, folder: Path, port: int, distribution_port: int, epmd_port: int) -> dict[str, str]:
    """The whole environment of the node, since RabbitMQ and Erlang listen to dozens of variables of a user's own."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder / "home"),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        # None of these exists; they stand in for those in /etc/rabbitmq.
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        # An empty folder: the node then starts 0.5 s earlier than with Debian's 60 disabled plugins to look through.
        "RABBITMQ_PLUGINS_DIR": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        # Makes the script become the node, instead of a parent that waits for it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _hot_folders(server: Path) -> list[str]:
    """The code folders to look through first. A starting node seeks each of some 1,000 modules in 90 folders, one after
    the other, and most are in these: saves about 1 s, a quarter of the start."""
    erlang = shutil.which("erl")
    erlang_folders = Path(erlang).resolve().parents[1].glob("lib/*/ebin") if erlang else ()
    plugins = server.parents[1] / "plugins"
    names = ("rabbit", "rabbit_common", "ra", "recon")
    server_folders = [folder for name in names for folder in plugins.glob(f"{name}-[0-9]*/ebin")]
    return [str(folder) for folder in (*server_folders, *erlang_folders)]


def _make_folders(folder: Path) -> None:
    for name in ("home", "plugins", "data", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "enabled_plugins").write_text("[].\n")
    cookie = folder / "home" / ".erlang.cookie"
    if not cookie.exists():
        cookie.touch(mode=0o600)
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)


def _alive(process: subprocess.Popen[bytes] | None) -> bool:
    return process is not None and process.poll() is None


def _kill(process: subprocess.Popen[bytes]) -> None:
    if _alive(process):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def main(argv: Sequence[str]) -> int:
    """Run the command after `--` beside a private node and return its exit code (128 + N where signal N ended it).
    Where RabbitMQ is not installed this process becomes the command."""
    if len(argv) < 2 or argv[0] != "--":
        print("usage: python -m tools.rabbitmq_node -- COMMAND [ARGUMENT | {amqp_url}]...", file=sys.stderr)
        return 2
    command = list(argv[1:])
    if shutil.which(command[0]) is None:
        print(f"{command[0]}: there is no such program; check the word after '--'", file=sys.stderr)
        return 127
    if find_rabbitmq() is None:
        print(f"{HOW_TO_INSTALL} (meanwhile the cloud serves without a broker)", file=sys.stderr, flush=True)
        command = _without_broker(command)
        os.execvp(command[0], command)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    signal.signal(signal.SIGINT, _exit_on_signal)
    try:
        with private_node() as node:
            return _run_in_foreground([word.replace("{amqp_url}", node.url) for word in command])
    except NodeError as error:
        print(error, file=sys.stderr)
        return 1


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _without_broker(command: list[str]) -> list[str]:
    for i, pair in enumerate(pairwise(command)):
        if pair == ("--broker", "{amqp_url}"):
            return command[:i] + command[i + 2 :]
    return command


def _run_in_foreground(command: list[str]) -> int:
    """Wait for the command and hand on signals. They stay blocked here afterwards: a second Ctrl-C must not interrupt
    the removal of the node."""
    awaited = {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    child = subprocess.Popen(command, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before))
    while child.poll() is None:
        received = signal.sigwaitinfo(awaited)
        # The terminal's Ctrl-C (SI_KERNEL) reached the command without our help: twice might mean "at once" to it.
        from_terminal = received.si_code == 0x80
        if received.si_signo != signal.SIGCHLD and not from_terminal:
            child.send_signal(received.si_signo)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
