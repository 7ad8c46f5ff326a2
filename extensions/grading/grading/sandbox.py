"""Run a stranger's notebook where it can do no harm: a kernel in bubblewrap, watched from outside.

Inside, the student's code sees the operating system's programs and the Python environment (read only), an empty home in
memory, and nothing else: no network, no other file or process of this computer. Outside, a thread watches how long the
notebook runs and how much memory, processes and output it uses, and ends the kernel when a limit is passed.

Checks are not executed like other cells but by `check_runner.py`, apart from what the student's code did to names and
to the interpreter. It runs in the same kernel, since it calls the student's functions: a program written for the
purpose could answer in its place. That cannot be prevented here; see the instructors' page.
"""

import contextlib
import errno
import functools
import itertools
import os
import platform
import queue
import resource
import secrets
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, ValidationError
from nbgrader.preprocessors import Execute
from traitlets import Bool, Dict, Float, Integer

from . import checks, notebooks, restore, sanitize

MEBIBYTE = 2**20
LONGEST_ERROR = 2000  # characters of an error after the last output that is kept
RESERVE = 256  # mebibytes that a notebook gets beyond its limit once it has met it, so that its other cells can run
# what the kernel gets of this package
IN_MEMORY = ("/tmp", "/home", "/dev/shm")  # where a notebook may write: file systems of bounded size
MOST_SOCKETS = 16  # entries in the folder of the kernel's sockets, which is the only one on the disk
# system calls that keep memory which no file system and no process shows: memfd_create, memfd_secret, shmget, msgget
UNCOUNTED = {"x86_64": (0xC000003E, (319, 447, 29, 68)), "aarch64": (0xC00000B7, (279, 447, 194, 186))}
STARTUP = [Path(__file__).with_name(name) for name in ("kernel_startup.py", "check_runner.py")]


class Unprotected(RuntimeError):
    """No sandbox here, and nobody said that this is all right."""


class KernelEnded(RuntimeError):
    """A notebook's kernel ended before the notebook did; the message says why."""


def _system_folders() -> list[str]:
    """bubblewrap's arguments for the operating system, read only: /usr, and what /bin, /lib and the like are here."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    for file in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime"):
        arguments += ["--ro-bind-try", file, file]
    return arguments


def _python_folders() -> list[str]:
    """bubblewrap's arguments for this Python and its packages, read only."""
    arguments = []
    for folder in dict.fromkeys((sys.base_prefix, os.path.realpath(sys.base_prefix), sys.prefix)):
        if not Path(folder).is_relative_to("/usr"):
            arguments += ["--ro-bind", folder, folder]
    return arguments


@functools.cache
def why_unprotected() -> str:
    """The reason why notebooks cannot be run in a sandbox on this computer, in one line; empty if they can."""
    if not sys.platform.startswith("linux"):
        return f"the sandbox needs Linux, and this is {sys.platform}"
    for program, package in (("bwrap", "bubblewrap"), ("prlimit", "util-linux")):
        if shutil.which(program) is None:
            return f"the program {program} is missing (Debian: apt-get install {package})"
    command = ["bwrap", *_isolation(), *_system_folders(), *_python_folders(), sys.executable, "-c", "print('inside')"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.stdout.strip() != "inside":
        return f"bwrap cannot make a sandbox here: {result.stderr.strip() or f'exit status {result.returncode}'}"
    return ""


def _isolation() -> list[str]:
    """bubblewrap's arguments for everything that is not a file."""
    return [
        *("--unshare-user", "--unshare-all", "--disable-userns", "--uid", "65534", "--gid", "65534"),
        *("--hostname", "exercise", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
        *("--proc", "/proc", "--dev", "/dev"),
    ]


@functools.cache
def _filter() -> bytes | None:
    """The program for the Linux kernel that refuses the system calls in UNCOUNTED; None for an unknown processor.

    See the Linux manual's seccomp(2): each instruction is a code, two relative jumps, and a number.
    """
    if platform.machine() not in UNCOUNTED:
        return None
    processor, calls = UNCOUNTED[platform.machine()]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse, allow = 0x00050000 | errno.ENOSYS, 0x7FFF0000
    program = [(load, 0, 0, 4), (equal, 0, len(calls) + 2, processor), (load, 0, 0, 0)]  # another processor's calls
    program += [(at_least, len(calls), 0, 0x40000000)]  # and those of its other numbering are refused, too
    program += [(equal, len(calls) - 1 - k, 0, call) for k, call in enumerate(calls[:-1])] + [(equal, 0, 1, calls[-1])]
    program += [(give, 0, 0, refuse), (give, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


@functools.cache
def _font_cache() -> Path | None:
    """Matplotlib's list of fonts, made once here, since making it takes seconds in each fresh home; None without it."""
    try:
        import matplotlib
        from matplotlib import font_manager
    except ImportError:
        return None
    return Path(matplotlib.get_cachedir(), f"fontlist-v{font_manager.FontManager.__version__}.json")


# where orjson is installed a kernel would write its messages with it; out of memory that ends the process, while
# Python's own json raises an error that costs one cell
PLAIN_MESSAGES = ["--Session.packer=json", "--Session.unpacker=json"]


class Sandbox(LocalProvisioner):
    """A provisioner whose kernel runs in bubblewrap and is ended when it passes a limit."""

    total_timeout = Float(300, help="Seconds that a whole notebook may take.").tag(config=True)
    memory = Integer(4096, help="Mebibytes of memory for each process of a notebook, and for all together.").tag(
        config=True
    )
    files = Integer(256, help="Mebibytes that a notebook may write; they live in memory and vanish with it.").tag(
        config=True
    )
    processes = Integer(32, help="Processes that a notebook may have at once.").tag(config=True)
    unprotected = Bool(False, help="Run without bubblewrap, as the user who grades: limits, but no isolation.").tag(
        config=True
    )
    environment = Dict(
        {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        help="Environment variables of the kernel; submissions are graded side by side, so one thread each.",
    ).tag(config=True)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Wrap the kernel's command in bubblewrap, and let it talk through a socket file instead of the network.

        Raises
        ------
        Unprotected
            If there is no sandbox on this computer and `unprotected` is not set.
        """
        reason = why_unprotected()
        if reason and not self.unprotected:
            raise Unprotected(
                f"The submission was not run, because it would not be isolated: {reason}. Run it on a computer with "
                "bubblewrap, or in a container or virtual machine that holds nothing else and there say "
                "c.Sandbox.unprotected = True in nbgrader_config.py."
            )
        self._folder = Path(tempfile.mkdtemp(prefix="exercise-"))
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(self._folder / "socket")
        manager.connection_file = str(self._folder / "kernel.json")
        manager.cache_ports = False
        kwargs = await super().pre_launch(**kwargs)
        kwargs["cmd"] = [*kwargs["cmd"], *PLAIN_MESSAGES]
        soft, hard = self.memory * MEBIBYTE, (self.memory + RESERVE) * MEBIBYTE
        limits = [
            "prlimit",
            f"--data={soft}:{hard}",
            f"--fsize={self.files * MEBIBYTE}",
            "--nofile=512:512",
            "--core=0",
        ]
        limits += ["--"]
        if self.unprotected:
            kwargs["env"] = os.environ | self.environment | {"PYTHONSTARTUP": str(STARTUP[0])}
            kwargs["cwd"] = str(self._folder)
            if shutil.which("prlimit"):
                kwargs["cmd"] = limits + kwargs["cmd"]
        else:
            kwargs["env"] = {"PATH": os.environ.get("PATH", os.defpath)}
            command = self._bubblewrap()
            if program := _filter():
                self._filter = os.memfd_create("filter")  # bubblewrap reads it
                os.write(self._filter, program)
                os.lseek(self._filter, 0, os.SEEK_SET)
                command += ["--seccomp", str(self._filter)]
                kwargs["pass_fds"] = (self._filter,)
            kwargs["cmd"] = [*limits, *command, *kwargs["cmd"]]
        return kwargs

    def _bubblewrap(self) -> list[str]:
        size = str(self.files * MEBIBYTE)
        command = ["bwrap", *_isolation(), *_system_folders()]
        for folder in IN_MEMORY:
            command += ["--size", size, "--tmpfs", folder]
        # /tmp is empty by now: what lies below it and is needed comes back
        command += [*_python_folders(), "--bind", str(self._folder), str(self._folder)]
        for file in STARTUP:
            command += ["--ro-bind", str(file), f"/grading/{file.name}"]
        command += ["--dir", "/home/.matplotlib"]
        if fonts := _font_cache():
            command += ["--ro-bind-try", str(fonts), f"/home/.matplotlib/{fonts.name}"]
        variables = {
            "HOME": "/home",
            "USER": "student",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "MPLCONFIGDIR": "/home/.matplotlib",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONSTARTUP": f"/grading/{STARTUP[0].name}",
            "PYTHONWARNINGS": "ignore",
        }
        for name, value in (variables | self.environment).items():
            command += ["--setenv", name, value]
        # bubblewrap's own file systems in memory have no bound
        return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/home"]

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel, and the thread that watches it."""
        # what a kernel prints beside its messages would mix with the instructor's terminal, or fill its disk
        kwargs |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            info = await super().launch_kernel(cmd, **kwargs)
        finally:
            if kwargs.get("pass_fds"):
                os.close(self._filter)
        assert self.process is not None
        self._over = threading.Event()
        threading.Thread(target=self._watch, args=(self.process.pid,), daemon=True).start()
        return info

    def _watch(self, pid: int) -> None:
        start = time.monotonic()
        while not self._over.wait(0.1):
            reason = self._exceeded(pid, time.monotonic() - start)
            if reason:
                self.end(reason)
                return

    def _exceeded(self, pid: int, seconds: float) -> str:
        if seconds > self.total_timeout:
            return f"it ran longer than {self.total_timeout:g} seconds"
        try:
            root = psutil.Process(pid)
            family = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return ""
        manager: Any = self.parent
        if len(family) > self.processes + manager.checks + 2:  # bubblewrap and its first process in the sandbox
            return f"it started more than {self.processes} processes"
        if self._used_memory(family) > (self.memory + RESERVE) * MEBIBYTE:
            return f"it used more than {self.memory} MiB of memory"
        most, most_bytes = (10_000, self.files) if self.unprotected else (MOST_SOCKETS, 1)
        size, number = _size_of(self._folder, most)
        size += _deleted_files(family, self._folder.stat().st_dev)
        if number > most or size > most_bytes * MEBIBYTE:
            return "it wrote files where only the kernel's sockets belong"
        return ""

    def _used_memory(self, family: list[psutil.Process]) -> int:
        """The bytes that processes and the sandbox's file systems use; pages that processes share count once."""
        files = max(map(_in_files, family))
        resident = sum(_of_process(process, "rss") for process in family)
        if resident + files <= (self.memory + RESERVE) * MEBIBYTE:
            return resident + files  # at least as much as in truth, and soon found out
        return files + sum(_of_process(process, "pss") for process in family)

    def end(self, reason: str) -> None:
        """Kill the kernel with everything that it started, and tell its manager why."""
        manager: Any = self.parent
        manager.ended_because = reason
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid if self.process else -1)
            for process in [*root.children(recursive=True), root]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    async def cleanup(self, restart: bool = False) -> None:
        """Stop watching and remove the socket's folder, whatever a submission did to make that hard."""
        if hasattr(self, "_over"):
            self._over.set()
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):  # unlike Python's own they stand any depth
            subprocess.run([*command, "--", str(self._folder)], capture_output=True, env={"PATH": os.defpath})
        await super().cleanup(restart=restart)


def _of_process(process: psutil.Process, kind: str) -> int:
    """Bytes of memory of a process, resident ("rss") or its share of them ("pss"); 0 of one that has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        with contextlib.suppress(psutil.AccessDenied, AttributeError):
            if kind == "pss":
                return process.memory_full_info().pss
        return process.memory_info().rss
    return 0


def _in_files(process: psutil.Process) -> int:
    """Bytes in the file systems in memory that a process sees, if it is one in the sandbox, else 0."""
    used, root = 0, Path(f"/proc/{process.pid}/root")
    with contextlib.suppress(OSError):
        if root.stat().st_dev != Path("/").stat().st_dev:
            for folder in IN_MEMORY:
                found = os.statvfs(root / folder[1:])
                used += (found.f_blocks - found.f_bfree) * found.f_frsize + (found.f_files - found.f_ffree) * 1024
    return used


def _size_of(folder: Path, most: int) -> tuple[int, int]:
    """The bytes and the number of the things that lie in a folder; counting ends after `most` of them.

    A folder that cannot be read counts as too many.
    """
    size = number = 0
    unreadable: list[OSError] = []
    for path, folders, files in os.walk(folder, onerror=unreadable.append):
        for name in itertools.chain(folders, files):
            number += 1
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(path, name)).st_blocks * 512
            if number > most:
                return size, number
    denied = any(isinstance(error, PermissionError) for error in unreadable)
    return size, most + 1 if denied else number


def _deleted_files(family: list[psutil.Process], device: int) -> int:
    """The bytes of files on a disk that processes hold open and that have no name any more."""
    sizes = {}
    for process in family:
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{process.pid}/fd"):
                with contextlib.suppress(OSError):
                    found = os.stat(entry.path)
                    if found.st_dev == device and not found.st_nlink and stat.S_ISREG(found.st_mode):
                        sizes[found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())


class SandboxedKernelManager(AsyncKernelManager):
    """Starts this environment's Python in a `Sandbox`, whatever kernel a notebook names."""

    checks = 0  # each may have a process that waits for hidden tests
    ended_because = ""  # why the sandbox ended the kernel, if it did: nbclient only says that a kernel died

    @property
    def kernel_spec(self) -> KernelSpec:
        """ipykernel, interrupted by a message: a signal would end bubblewrap and with it the kernel."""
        if self._kernel_spec is None:
            self._kernel_spec = KernelSpec(
                argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                display_name="Python 3 (sandbox)",
                language="python",
                interrupt_mode="message",
                metadata={"kernel_provisioner": {"provisioner_name": "sandbox", "config": {}}},
            )
        return self._kernel_spec


class SandboxedExecute(Execute):
    """nbgrader's execution of a notebook, in a sandbox, keeping a bounded part of what it prints.

    Of a check nothing is kept but an error, if it failed. What a person should look at is noted in the notebook's
    metadata under ``conspicuous``.
    """

    output_limit = Integer(
        10, help="Mebibytes of output of a notebook; after that the rest of a cell's output is dropped."
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", SandboxedKernelManager)
        super().__init__(*args, **kwargs)
        self._received = 0
        self._manager: SandboxedKernelManager | None = None

    def create_kernel_manager(self) -> SandboxedKernelManager:
        """Make the manager, and keep it: nbclient forgets it when the kernel dies, and it knows why."""
        self._manager = super().create_kernel_manager()
        self._manager.checks = sum(notebooks.role(cell) == "check" for cell in self.nb.cells)
        return self._manager

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Execute `nb`, and make harmless what it displayed.

        Raises
        ------
        KernelEnded
            If the sandbox ended the kernel, or it ended itself.
        """
        released = restore.handout_of(self, resources)
        tasks = [cell.source for cell in released.cells if notebooks.role(cell) == "task" and cell.cell_type == "code"]
        self._tasks = {name for source in tasks for name in checks.names(source).defines}
        self._waiting: dict[str, NotebookNode] = {}  # checks that passed but for their hidden tests
        self._stopped = ""  # an error since the last check
        self._packages: dict[str, None] = {}  # that are missing
        own = [cell.source for cell in nb.cells if notebooks.role(cell) in (None, "task")]
        self._lines = {line.strip()[:200] for source in own for line in source.splitlines()}
        self._conspicuous: dict[str, None] = dict.fromkeys(checks.peculiar(nb.cells, released.cells))
        for cell in nb.cells:
            if notebooks.role(cell) == "check":
                cell.outputs = [checks.failure("RuntimeError", "the check was not run")]
        try:
            nb, resources = super().preprocess(nb, resources)
        except Exception as error:
            if self._manager and self._manager.ended_because:
                raise KernelEnded(self._manager.ended_because) from error
            if isinstance(error, DeadKernelError) or "Kernel died" in str(error):
                words = "its kernel died: it ended itself, or the system ended it for want of memory"
                raise KernelEnded(words) from error
            raise
        nb.metadata["conspicuous"] = list(self._conspicuous)
        return sanitize.Defuse().preprocess(nb, resources)  # now: forged outputs would make the notebook invalid

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Execute a cell, a check by the check runner; hidden tests after the last cell."""
        role = notebooks.role(cell)
        if index == 0:
            given = [cell.source for cell in self.nb.cells if notebooks.role(cell) == "given"]
            self._request("modules", names=checks.modules(given))
        if role == "check" and cell.cell_type == "code":
            self._check(cell)
        elif role == "given" and cell.cell_type == "code":
            names = checks.names(cell.source)
            self._request("before given", uses=sorted(set(names.uses) - self._tasks))
            cell, resources = super().preprocess_cell(cell, resources, index)
            self._request("after given", defines=names.defines, ended=not self._error(cell))
        else:
            cell, resources = super().preprocess_cell(cell, resources, index)
            self._stopped = self._error(cell) or self._stopped
            self._packages |= dict.fromkeys(checks.missing_packages(cell))
        if index == len(self.nb.cells) - 1:
            for name, waiting in self._waiting.items():
                code = checks.python_of(checks.parts(waiting.source)[1])
                self._judge(waiting, "hidden tests", name=name, code=code, seconds=self.timeout)
        return cell, resources

    @staticmethod
    def _error(cell: NotebookNode) -> str:
        errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
        return f"{errors[-1].ename}: {errors[-1].evalue}"[:300] if errors else ""

    def _check(self, cell: NotebookNode) -> None:
        """Execute a check's public part, and let the hidden tests wait."""
        name = cell.metadata.nbgrader.grade_id
        public, hidden = map(checks.python_of, checks.parts(cell.source))
        uses = checks.uses(cell.source, self._tasks)
        waits = bool(hidden.strip())
        tasks = sorted(self._tasks.intersection(uses))
        passed = self._judge(cell, "check", name=name, code=public, uses=uses, tasks=tasks, waits=waits)
        if passed and waits:
            self._waiting[name] = cell
            cell.outputs = [checks.failure("RuntimeError", "the hidden tests were not run")]
        self._stopped = ""

    def _judge(self, cell: NotebookNode, what: str, **content: Any) -> bool:
        """Have code of a check executed; return whether it passed, with the error for nbgrader in the cell if not."""
        nonce = secrets.token_hex(16)
        reply = self._request(what, nonce=nonce, **content)
        self._conspicuous |= dict.fromkeys(map(str, reply.get("findings", [])))
        passed = reply.get("receipt") == sha256(f"{nonce} passed".encode()).hexdigest()
        if passed:
            cell.outputs = []
        else:
            hidden, packages = what == "hidden tests", list(self._packages)
            cell.outputs = [checks.verdict(reply, "" if hidden else self._stopped, packages, hidden, self._lines)]
        return passed

    def _request(self, what: str, **content: Any) -> dict[str, Any]:
        """What the check runner answers; an error's content if it does not within the time of a cell.

        Raises DeadKernelError if the kernel died.
        """
        assert self.kc and self.km
        message = self.kc.session.msg("check_request", {"what": what, **content})
        self.kc.shell_channel.send(message)
        seconds = {"check": self.timeout, "hidden tests": self.timeout and self.timeout + 10}.get(what)
        deadlines = [time.monotonic() + (seconds or 1e9)]  # the notebook's own time ends other requests
        late = {"ename": "TimeoutError", "evalue": "the check ran too long and was interrupted", "by": "check"}
        while True:
            try:
                reply = run_sync(self.kc.shell_channel.get_msg)(timeout=1)
            except queue.Empty:
                run_sync(self._async_check_alive)()
                if time.monotonic() < deadlines[-1]:
                    continue
                if len(deadlines) > 1:
                    return late
                run_sync(self.km.interrupt_kernel)()
                deadlines.append(time.monotonic() + self.iopub_timeout)
            else:
                if reply["msg_type"] == "check_reply" and reply["parent_header"].get("msg_id") == message["msg_id"]:
                    return reply["content"] if len(deadlines) == 1 else reply["content"] | late

    def on_comm_open_jupyter_widget(self, msg: dict[str, Any]) -> None:
        """Leave widgets to themselves: nbclient's own part in them hangs, the kernel idle, in one slider out of ten."""

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str, cell_index: int
    ) -> NotebookNode | None:
        """Collect one output, unless the notebook has already produced too many."""
        self._received += len(str(msg["content"]))
        if self._received > self.output_limit * MEBIBYTE:
            # an error says why a cell has no output
            if msg["msg_type"] != "error" or len(outs) and outs[-1].output_type == "error":
                return None
            msg["content"] = {key: str(msg["content"].get(key, ""))[:LONGEST_ERROR] for key in ("ename", "evalue")}
            msg["content"]["traceback"] = [f"{msg['content']['ename']}: {msg['content']['evalue']}"]
        if msg["msg_type"] == "execute_result" and not isinstance(msg["content"].get("execution_count"), int):
            msg["content"]["execution_count"] = None
        try:
            return super().output(outs, msg, display_id, cell_index)
        except ValidationError:  # a forged message
            return None


def limit_own_memory(mebibytes: int) -> None:
    """Bound this process, which reads what strangers wrote; not its kernel, which has a limit of its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (mebibytes * MEBIBYTE, hard))
