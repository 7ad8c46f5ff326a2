"""Run in a submission's kernel before anything of the student: executes checks apart from what the student did there.

`kernel_startup.py` executes this file with builtins of its own. It imports nothing of this package, which the sandbox
need not hold, and takes what it needs into names of its own now, since students can change modules later.
"""

import builtins
import importlib
import linecache
import sys
import threading
from hashlib import sha256
from types import FunctionType, ModuleType

BUILTINS = dict(vars(builtins))
LONGEST = 2000  # characters of an error's words
CHECK = "<check>"  # the file name of checks; what students define comes from other ones
_reference: dict = {"__name__": "check", "__builtins__": dict(BUILTINS)}
_replayed: set = set()
_left_over: dict = {}  # what checks defined, for the checks after them
_saved: list = []  # (owner, name, value): functions and classes as they were before the student came
_torch_dtype = None


def serve(shell):
    """Let the kernel of the IPython `shell` answer the messages "check_request"."""
    kernel, space = shell.kernel, shell.user_ns
    send = kernel.session.send
    hooks = [
        (shell.input_transformers_cleanup, "input transformer"),
        (shell.input_transformers_post, "input transformer"),
        (shell.ast_transformers, "AST transformer"),
        *((shell.events.callbacks[name], f"{name} hook") for name in list(shell.events.callbacks)),
        (sys.meta_path, "import hook"),
        (sys.path_hooks, "import hook"),
    ]
    hooks = [(place, kind, list(place)) for place, kind in hooks]
    for owner in (builtins, shell, type(shell), kernel, type(kernel), kernel.session, type(kernel.session)):
        _save(owner)
    _save(kernel.shell_handlers)

    def answer(stream, ident, parent):
        content, parent["content"] = parent["content"], {}  # it must not be found by the code that it runs
        if content["kind"] == "prepare":
            reply = _prepare(content["modules"])
        else:
            reply = _run(content, space, hooks)
        send(stream, "check_reply", reply, parent, ident=ident)

    kernel.shell_handlers["check_request"] = answer
    _saved.append((kernel.shell_handlers, "check_request", answer))


def _members(owner):
    return owner if isinstance(owner, dict) else vars(owner)


def _save(owner):
    """Remember the public functions and classes of a module, class, object or dictionary."""
    for name, value in list(_members(owner).items()):
        special = isinstance(name, str) and name.startswith("_") and not isinstance(owner, type)
        if (callable(value) or isinstance(value, (classmethod, staticmethod, property))) and not special:
            _saved.append((owner, name, value))


def _prepare(modules):
    """Import `modules`, which the hand-out imports, and remember what they hold."""
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ImportError:  # the cell that needs it will say so
            continue
        _saved.append((sys.modules, name, module))
        _save(module)
        for value in list(vars(module).values()):
            if isinstance(value, type) and value.__module__.split(".")[0] == name.split(".")[0]:
                _save(value)
    return {"status": "ok"}


def _restore():
    """Put back what is no longer as it was; return its names."""
    changed = []
    for owner, name, value in _saved:
        if _members(owner).get(name) is not value:
            try:
                if isinstance(owner, dict):
                    owner[name] = value
                else:
                    setattr(owner, name, value)
            except (AttributeError, TypeError):
                continue
            shown = getattr(owner, "__name__", type(owner).__name__)
            changed.append(f"{shown}.{name}")
    return changed


def _findings(hooks):
    """Say in words what a program has changed that decides on checks, and undo it."""
    found = []
    if sys.gettrace() or sys.getprofile() or threading.gettrace() or threading.getprofile():
        for undo in (sys.settrace, sys.setprofile, threading.settrace, threading.setprofile):
            undo(None)
        found.append("a trace function was set")
    for place, kind, before in hooks:
        if any(hook not in before and _is_student_s(hook) for hook in place):
            found.append(f"an {kind} was added" if kind[0] in "AIai" else f"a {kind} was added")
            place[:] = before
    changed = _restore()
    if changed:
        found.append(f"replaced: {', '.join(changed[:8])}{' and more' if len(changed) > 8 else ''}")
    return found


def _is_student_s(hook):
    kind = hook if isinstance(hook, (type, FunctionType)) else type(hook)
    owner = getattr(hook, "__self__", None)
    modules = [getattr(thing, "__module__", None) for thing in (hook, kind, type(owner) if owner is not None else None)]
    return "__main__" in modules


def _run(content, space, hooks):
    """Execute one check; return the content of the reply."""
    nonce, findings = content["nonce"], _findings(hooks)
    reply = {"status": "error", "findings": findings, "by": "check", "where": ""}
    state = _take_state()
    try:
        for place, code in content["givens"]:
            if place not in _replayed:
                _replayed.add(place)
                _replay(code)
        names = dict(_reference) | _left_over | {"__builtins__": dict(BUILTINS)}
        own = {name: space[name] for name in content["names"] if name in space}
        for name in content["names"]:
            names.pop(name, None)
        names.update(own)
        exec(compile(content["code"], CHECK, "exec", dont_inherit=True), names)
        _left_over.update(
            (name, value) for name, value in names.items() if name not in _reference and name not in content["names"]
        )
        try:
            exec(compile("assert False, nonce", CHECK, "exec", dont_inherit=True), names | {"nonce": nonce})
        except AssertionError as error:
            fails = error.args == (nonce,)
        else:
            fails = False
        if fails:
            reply["status"] = "ok"
        else:
            findings.append("an assertion that must fail did not")
            reply |= {"ename": "AssertionError", "evalue": "the check could not be run"}
    except BaseException as error:  # SystemExit and KeyboardInterrupt as well: it was not executed to its end
        reply |= _in_words(error)
    finally:
        _put_state(state)
    findings.extend(f"{words} during a check" for words in _after(hooks))
    verdict = "passed" if reply["status"] == "ok" else "failed"
    reply["receipt"] = sha256(f"{nonce} {verdict}".encode()).hexdigest()
    return reply


def _after(hooks):
    """Like `_findings`, but says nothing of what the check itself replaced and did not put back."""
    mine = [
        name
        for owner, name, value in _saved
        if getattr(getattr(_members(owner).get(name), "__code__", None), "co_filename", "") == CHECK
    ]
    if mine:
        _restore()
        return []
    return _findings(hooks)


def _replay(code):
    """Execute a given cell as it was handed out, in a namespace that the student's code does not share."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot else set()
    exec(compile(code, "<given>", "exec", dont_inherit=True), _reference)
    pyplot = sys.modules.get("matplotlib.pyplot")
    for number in set(pyplot.get_fignums() if pyplot else ()) - figures:
        pyplot.close(number)


def _take_state():
    """Keep the student's random numbers and PyTorch's settings, and set the hand-out's."""
    torch, numpy, random = (sys.modules.get(name) for name in ("torch", "numpy", "random"))
    state = {"random": random and random.getstate(), "numpy": numpy and numpy.random.get_state()}
    if torch:
        state |= {"torch": torch.get_rng_state(), "dtype": torch.get_default_dtype(), "grad": torch.is_grad_enabled()}
        torch.set_default_dtype(_torch_dtype or torch.float32)
        torch.set_grad_enabled(True)
    return state


def _put_state(state):
    global _torch_dtype
    if state["random"]:
        sys.modules["random"].setstate(state["random"])
    if state["numpy"]:
        sys.modules["numpy"].random.set_state(state["numpy"])
    torch = sys.modules.get("torch")
    if torch and "dtype" in state:
        _torch_dtype = torch.get_default_dtype()  # the hand-out may have changed it
        torch.set_default_dtype(state["dtype"])
        torch.set_grad_enabled(state["grad"])
        torch.set_rng_state(state["torch"])


def _in_words(error):
    """The kind of an error, what it says, and the line of the student's code from which it came, if from there."""
    frames, step = [], error.__traceback__
    while step is not None:
        frames.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
        step = step.tb_next
    theirs = [(file, line) for file, line in frames if "ipykernel" in file and "site-packages" not in file]
    where = linecache.getline(*theirs[-1]).strip()[:200] if theirs else ""
    try:
        words = str(error)[:LONGEST]
    except BaseException:
        words = ""
    by = "check" if frames and frames[-1][0] == CHECK else "student" if theirs else "check"
    return {"ename": str(type(error).__name__)[:80], "evalue": words, "by": by, "where": where}
