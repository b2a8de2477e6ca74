"""Plans the release of a stack, and leads its run.

The files of a stack are read on this machine, as rundock_stack asks for them, and
the folder of an image that is to be built is sent to the host that builds it.

With step=run the plugin does what is planned, in one task: steps of the run on the
host that the task is delegated to, and what a wave has for its hosts on all of them
side by side, as many as there are forks. A host is reached as by a task of its own,
with its own variables. A run that fails is undone; how the store takes part in that,
package supervisor/stacking says.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import contextvars
import gzip
import hashlib
import importlib.util
import os
import re
import secrets
import shlex
import tarfile
import threading
import time

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.executor.task_executor import TaskExecutor
from ansible.playbook.play_context import PlayContext
from ansible.template import Templar

# The plugin of all modules, which Ansible loads by its path, too.
_spec = importlib.util.spec_from_file_location("rundock_shared", os.path.join(os.path.dirname(os.path.realpath(__file__)), "rundock.py"))
shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shared)
Failure = shared.Failure


AWAY = "it cannot be reached any more"


class ActionModule(shared.ActionModule):
    def _run(self, task_vars):
        if self._task.args.get("step") == "run":
            return Run(self, task_vars).lead()
        return super()._run(task_vars)

    def _call(self, task_vars):
        """The module's answer; what it wants of this machine, it gets."""
        if self._task.args.get("step") == "build":
            self._send_context()
        result = super()._call(task_vars)
        while (result.get("wants") or result.get("contexts")) and not result.get("failed"):
            files = dict(self._task.args.get("files") or {}, **{path: project_file(path) for path in result.get("wants", [])})
            trees = dict(self._task.args.get("trees") or {}, **{c["folder"]: project_tree(c) for c in result.get("contexts", [])})
            self._task.args = dict(self._task.args, files=files, trees=trees)
            result = super()._call(task_vars)
        return result

    def _send_context(self):
        """Puts the folder on the host that an image is built of; the module has its path there."""
        build = dict(self._task.args.get("build") or {})
        packed = os.path.join(C.DEFAULT_LOCAL_TMP, "context-%s.tar.gz" % secrets.token_hex(8))
        try:
            with open(packed, "wb") as file:
                tree = Context(build["folder"], build.get("ignore")).write(file)
            if tree != build["tree"]:
                raise Failure("%s has changed since it was planned: run this again" % build["folder"])
            build["upload"] = self._put(packed, build["folder"], "context-" + str(self._task.args.get("name", "")), tree)
        except OSError as error:
            raise Failure("send what is to be built: %s" % error) from None
        except KeyError as error:
            raise Failure("build: there is no %s: it is one of builds that a plan says" % error) from None
        finally:
            if os.path.exists(packed):
                os.unlink(packed)
        self._task.args = dict(self._task.args, build=build)


class Run:
    """A run of a stack: what is planned, wave by wave, and the way back where a wave fails."""

    def __init__(self, action, task_vars):
        self._args = action._task.args
        self._name = self._args.get("name", "")
        self._next = "Whoever works on %s next" % self._name
        self._patience = int(self._args.get("patience", 900))
        self._asking = threading.Lock()
        self._word = secrets.token_hex(8)
        self._say = action._display.display
        self._site = Site(action, task_vars)
        self._playbook = os.getppid()
        self._diffs, self._warnings = [], []

    def lead(self):
        over = threading.Event()
        try:
            begun = self._begin()
            if begun["waves"] or begun["settle"]:
                within = contextvars.copy_context()
                threading.Thread(target=within.run, args=(self._go_on, over), daemon=True).start()
            try:
                if begun["settle"]:
                    self._settle(begun)
                    begun = {}  # where the next one fails, it gives the lock back itself
                    begun = self._begin()
                if begun["waves"]:
                    self._roll(begun)
            except Failure as failure:
                wrong = self._fault("end") if begun.get("waves") else ""
                raise Failure("%s; and its lock is not given back: %s" % (failure, wrong)) if wrong else failure
            if begun["waves"]:
                self._step("end")
        finally:
            over.set()
            self._site.close()
        result = {"changed": True, "msg": "%s is as planned" % self._name}
        return dict(result, **{key: said for key, said in (("diff", self._diffs), ("warnings", self._warnings)) if said})

    def _go_on(self, over):
        """Says again and again that the run goes on: one that says nothing for so long loses its lock."""
        while not over.wait(self._patience / 4):
            with contextlib.suppress(Exception):  # the next step finds out
                self._ask("wave")

    def _begin(self):
        """Takes the lock, and writes the release; without waves the lock is given back."""
        begun = self._ask(**dict(self._args, step="begin"))
        if fault(begun):
            raise Failure(fault(begun))
        return begun

    def _settle(self, begun):
        """Does what an earlier run has left."""
        left = (begun["notes"] or ["what an earlier run has left"])[0]
        self._say("%s: %s: settling that" % (self._name, left))
        wrong = self._waves(begun)
        if wrong:
            raise Failure("%s; that cannot be settled: %s. %s tries again" % (left, wrong, self._next))
        self._step(begun["settle"])

    def _roll(self, begun):
        wrong = self._waves(begun)
        if wrong:
            self._undo(wrong)
        self._step("done")

    def _undo(self, why):
        self._say("%s: %s: undoing it" % (self._name, why))
        back = self._ask("fail", why=why, timeout=self._args.get("timeout"))
        if fault(back):
            raise Failure("%s; and it cannot be undone now: %s. %s undoes it, or finishes it" % (why, fault(back), self._next))
        wrong = self._waves(back, going_back=True) or (self._fault(back["settle"]) if back["settle"] else "")
        why = "%s: %s" % (self._name, why)
        if wrong:
            raise Failure("%s; and not all is undone: %s. %s goes on with that" % (why, wrong, self._next))
        if not back["settle"]:
            raise Failure("; ".join([why] + back["notes"]))
        raise Failure("; but ".join(["%s; all is as before, release %s" % (why, back["from"] or "none")] + back["notes"][1:]))

    def _waves(self, answer, going_back=False):
        """Does the waves of an answer, up to one that goes wrong; returns what did.

        On the way back a host that cannot be reached keeps no other one from being as before,
        but for instances that could run twice then.
        """
        held, away, left = {}, {}, Left()
        if answer["secret"]:
            told = self._ask("secrets")
            if fault(told):
                return fault(told)
            held = told["secrets"]
        for n, wave in enumerate(answer["waves"]):
            self._say("%s: %d of %d: %s" % (self._name, n + 1, len(answer["waves"]), wave["title"]))
            works = wave.get("hosts") or {}
            hosts = {host: left.of(host, work) for host, work in works.items() if host not in away}
            wrong = self._wave(dict(wave, hosts=hosts), held)
            if going_back and all(why == AWAY for why in wrong.values()):
                away.update(wrong)
                left.missed(work for host, work in works.items() if host in away)
            elif wrong:
                return in_words(dict(away, **wrong))
        return in_words(dict(away, **left.hosts()))

    def _wave(self, wave, held):
        """Does a wave; returns what went wrong, by host, or by "" where it was no host's."""
        watch, pause = wave.get("watch", 0), wave.get("pause", 0)
        fault = self._fault("wave", wave=wave.get("number", 0))
        if fault:
            return {"": fault}
        time.sleep(watch)
        wrong = self._hosts(wave["hosts"], held)
        if not wrong and wave.get("commit"):
            fault = self._fault("commit")
            if fault:
                return {"": fault}
        if not wrong:
            time.sleep(pause)
        return wrong

    def _hosts(self, works, held):
        """Has hosts do their parts of a wave, side by side; returns what went wrong, by host."""
        if not works:
            return {}
        forks = int(context.CLIARGS.get("forks") or C.DEFAULT_FORKS)
        with concurrent.futures.ThreadPoolExecutor(min(forks, len(works))) as pool:
            done = {}
            for host, work in works.items():
                done[host] = pool.submit(contextvars.copy_context().run, self._host, host, self._calls(work, held), work.get("stale"))
        return {host: said.result() for host, said in done.items() if said.result()}

    def _calls(self, work, held):
        """What a wave has for a host, as modules and their arguments; in this order."""
        if work.get("images"):
            yield "rundock_stack", {"name": self._name, "step": "pull", "images": work["images"]}
        for network in work.get("networks") or []:
            yield "rundock_overlay", network
        if work.get("files"):
            yield "rundock_host", {"files": [
                dict({key: file[key] for key in ("path", "mode", "owner", "group")}, secret="secret" in file, encoding="base64",
                     content=held[file["secret"]] if "secret" in file else file.get("content", ""))
                for file in work["files"]
            ]}
        if work.get("services"):
            yield "rundock", {"services": work["services"]}

    def _host(self, host, calls, stale):
        """Does what a wave has for a host, up to what goes wrong."""
        try:
            for module, args in calls:
                self._alive()
                result = self._site.call(host, module, args, hushed="files" in args)
                self._note(host, module, result)
                if fault(result):
                    return fault(result)
            return self._site.remove(host, stale) if stale else ""
        except AnsibleConnectionFailure:
            return AWAY
        except (AnsibleError, Failure) as error:
            return str(error)
        except Exception as error:  # whatever it is, what other hosts have done is undone
            return "%s: %s" % (type(error).__name__, error)

    def _note(self, host, module, result):
        """Keeps what the task is to show of a call."""
        if module != "rundock_host":  # which has configs and secrets
            for diff in result.get("diff") or []:
                self._diffs.append(dict(diff, **{key: "%s: %s" % (host, diff[key]) for key in ("before_header", "after_header") if key in diff}))
        self._warnings += ["%s: %s" % (host, warning) for warning in result.get("warnings") or []]

    def _step(self, step):
        wrong = self._fault(step)
        if wrong:
            raise Failure("%s: %s" % (self._name, wrong))

    def _fault(self, step, **args):
        """What goes wrong in a step."""
        return fault(self._ask(step, **args))

    def _ask(self, step, **args):
        """A step of the run, on the host that leads."""
        self._alive()
        try:
            args = dict({"name": self._name, "patience": self._patience}, **args, step=step, run=self._word)
            with self._asking:
                return self._site.call(None, "rundock_stack", args, hushed=True)
        except AnsibleConnectionFailure as error:
            return {"failed": True, "msg": "the host that leads cannot be reached any more: %s" % error}

    def _alive(self):
        """Ends a run whose playbook was killed: the next one goes on with it."""
        if os.getppid() != self._playbook:
            os._exit(1)


class Site:
    """The hosts, each reached as by a task of its own."""

    def __init__(self, action, task_vars):
        self._action, self._task_vars = action, task_vars
        self._prefix = action._task.action.rpartition("rundock_stack")[0]
        self._reached = {}
        self._lock = threading.Lock()

    def call(self, host, module, args, hushed=False):
        """A module's result on a host; on none, the one that leads."""
        action, variables = self._plugin(host, module, args, hushed)
        try:
            return action.run(task_vars=variables)
        finally:
            action.cleanup()

    def remove(self, host, paths):
        """Removes files that nobody needs, and their folder with the last of them; returns what goes wrong."""
        action, _ = self._plugin(host, "rundock_host", {}, False)
        quoted = " ".join(shlex.quote(path) for path in paths)
        res = action._low_level_execute_command("rm -rf %s && { rmdir %s 2>/dev/null || true; }" % (quoted, shlex.quote(os.path.dirname(paths[0]))))
        return shared.told(res) if res["rc"] else ""

    def close(self):
        for reach in self._reached.values():
            reach._connection.close()

    def _plugin(self, host, module, args, hushed):
        """The action plugin of a module, for one call on a host, and the variables that it takes."""
        with self._lock:
            action, variables, templar = self._action, self._task_vars, self._action._templar
            task, connection, play_context = self._copy(), action._connection, action._play_context
            if host is not None:
                if host not in self._reached:
                    self._reached[host] = self._reach(host)
                reach = self._reached[host]
                connection, play_context, variables, templar = reach._connection, reach._play_context, reach._job_vars, reach.templar
                task.delegate_to = None
            task.action, task.args, task.no_log = self._prefix + module, args, hushed
            plugin = action._shared_loader_obj.action_loader.get(
                task.action, task=task, connection=connection, play_context=play_context, loader=action._loader, templar=templar,
                shared_loader_obj=action._shared_loader_obj, collection_list=task.collections,
            )
        return plugin, variables

    def _copy(self):
        task = self._action._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._action._task._parent
        return task

    def _reach(self, host):
        """What has the connection to a host, by core's own way from variables to one."""
        action, task = self._action, self._copy()
        task.delegate_to = None
        manager = self._task_vars["hostvars"]._variable_manager
        entry = manager._inventory.get_host(host)
        variables = manager.get_vars(play=task.play, host=entry, task=task)
        templar = Templar(loader=action._loader, variables=variables)
        kinds = {"conn_pass": "password", "become_pass": "become_pass"}
        passwords = {key: getattr(action._play_context, name) for key, name in kinds.items() if not self._is_leaders(name)}
        play_context = PlayContext(task.play, passwords, action._play_context.connection_lockfd)
        play_context = play_context.set_task_and_variable_override(task=task, variables=variables, templar=templar)
        play_context.post_validate(templar=templar)
        if not play_context.remote_addr:
            play_context.remote_addr = entry.address
        reach = TaskExecutor.__new__(TaskExecutor)
        vars(reach).update(
            _host=entry, _task=task, _job_vars=variables, _play_context=play_context, _loader=action._loader, _shared_loader_obj=action._shared_loader_obj,
            _new_stdin=vars(action._connection).get("_new_stdin"), _connection=None, templar=templar,
        )
        kind = templar.template(variables["ansible_connection"]) if variables.get("ansible_connection") is not None else task.connection
        reach._connection = reach._get_connection(variables, templar, kind)
        reach._set_connection_options(variables, templar)
        return reach

    def _is_leaders(self, password):
        """Whether a password is of variables of the host that leads, and no answer of who runs the playbook."""
        variables = (self._task_vars.get("ansible_delegated_vars") or {}).get(self._action._task.delegate_to) or self._task_vars
        return any(name in variables for name in C.MAGIC_VARIABLE_MAPPING[password])


class Left:
    """What is left as it is on the way back, as it could run on another host, which is away."""

    def __init__(self):
        self._names = set()  # of services of which a host that is away was to do something
        self._kept = {}  # names, by host

    def hosts(self):
        """What is left, by host, in words."""
        return {host: "%s is left as it is, as it could run twice" % ", ".join(sorted(names)) for host, names in self._kept.items()}

    def missed(self, works):
        """Notes what hosts that are away were to do."""
        self._names |= {service["name"] for work in works for service in work.get("services") or []}

    def of(self, host, work):
        """What of its work a host does. It keeps the networks and files of what is left."""
        kept = self._names.intersection(work.get("strict") or [])
        if kept:
            self._kept[host] = kept | self._kept.get(host, set())
            work = dict(work, services=[service for service in work["services"] if service["name"] not in kept])
        if host in self._kept:
            work = dict(work, stale=None, networks=[network for network in work.get("networks") or [] if network.get("state") != "absent"])
        return work


def in_words(wrong):
    """What went wrong, by host, in words."""
    return "; ".join("%s: %s" % (host, why) if host else why for host, why in wrong.items())


def fault(result):
    """What went wrong in a call; empty where nothing did."""
    if not (result.get("failed") or result.get("unreachable")):
        return ""
    return result.get("error") or result.get("msg") or "nothing was said"


class Context:
    """A folder of the project that an image is built of, without what its .dockerignore leaves out."""

    MOST = 1 << 30  # bytes of its files

    def __init__(self, folder, ignore):
        self.folder = folder
        self.rules = [(re.compile(rule["pattern"]), bool(rule.get("keep"))) for rule in ignore or []]
        self.keeps = any(keep for _, keep in self.rules)

    def write(self, file=None):
        """Writes it to file as a tar in gzip; returns an id of what it holds, which its times and owners are no part of."""
        hash, size = hashlib.sha256(), 0
        tar = None
        if file:
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
            tar = tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT)
        for name, entry in self._entries(""):
            info, what = tarfile.TarInfo(name), b""
            stat = entry.stat(follow_symlinks=False)
            info.mode = stat.st_mode & 0o777
            if entry.is_symlink():
                info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, os.readlink(entry.path)
                what = os.fsencode(info.linkname)
            elif entry.is_dir():
                info.type = tarfile.DIRTYPE
            elif entry.is_file():
                info.size = stat.st_size
                size += info.size
                if size > self.MOST:
                    raise OSError("the files of %s are more than %d bytes: leave out by .dockerignore what is not needed" % (self.folder, self.MOST))
                with open(entry.path, "rb") as content:
                    reader = Hashing(content)
                    if tar:
                        tar.addfile(info, reader)
                    while reader.read(1 << 20):
                        pass
                what = reader.hash.digest()
            else:
                continue  # a socket, a pipe or a device
            if tar and not info.isreg():
                tar.addfile(info)
            for part in (os.fsencode(name), info.type, b"%o" % info.mode, what):
                hash.update(b"%d:" % len(part) + part)
        if tar:
            tar.close()
            packed.close()
        return hash.hexdigest()

    def _entries(self, below):
        """What it holds, by name; a folder before what is in it."""
        with os.scandir(os.path.join(self.folder, below)) as found:
            entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
        for entry in entries:
            name = below + entry.name
            folder = entry.is_dir(follow_symlinks=False)
            ignored = self._ignores(name)
            if not ignored:
                yield name, entry
            if folder and (not ignored or self.keeps):
                yield from self._entries(name + "/")

    def _ignores(self, name):
        ignored = False
        for pattern, keep in self.rules:
            if keep == ignored and pattern.fullmatch(name):
                ignored = not keep
        return ignored


class Hashing:
    """A file that is read, and a hash of what was."""

    def __init__(self, file):
        self.file, self.hash = file, hashlib.sha256()

    def read(self, size=-1):
        data = self.file.read(size)
        self.hash.update(data)
        return data


def project_tree(context):
    """What a folder of a stack holds that an image is built of, as rundock_stack takes it."""
    try:
        return {"tree": Context(context["folder"], context.get("ignore")).write()}
    except OSError as error:
        return {"error": str(error)}


def project_file(path):
    """A file of a stack, as rundock_stack takes it."""
    try:
        with open(path, "rb") as file:
            return {"data": base64.b64encode(file.read()).decode()}
    except (FileNotFoundError, NotADirectoryError):
        return {"absent": True}
    except IsADirectoryError:
        return {"folder": True}
    except OSError as error:
        return {"error": error.strerror}
