"""Runs a module of rundock, a static binary, in one round trip.

Core copies a binary module to the host in every task. This plugin puts it
there once, under its hash, and then only runs it, arguments on stdin:

    /var/cache/rundock/modules/rundock-<sha256>      root's
    ~/.cache/rundock/modules/rundock-<sha256>        any other user's

The variable rundock_cache names another folder. A file is run only where it
and the folder belong to the user who runs it, nobody else may enter, and its
size and time are as the upload left them. An upload is checked by its hash
before it gets its name. The newest few files of a module stay.

The programs that rundock_host installs travel like that, too: the task names
files of this machine, the module gets their hashes and says which it lacks, and
these are sent as gzip, which ~/.cache/rundock/programs keeps for all hosts and
later runs. Where the host has all, nothing is sent.

It leaves to core's own way: async, become to a user who is no administrator,
connections and become methods that do not pass stdin on (su, requiretty), and
ANSIBLE_KEEP_REMOTE_FILES.

This file serves all modules: a further module only takes a link with its name
beside it, or a file that loads this one, as rundock_stack.py. Binaries are in
bin/linux_<architecture>/ of the checkout, or programs/linux_<architecture>/ of
the collection, that the file lies in. It uses only what ansible-core 2.14 to 2.22
have in common.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import gzip
import hashlib
import json
import os
import secrets
import shlex

from ansible import constants as C
from ansible.plugins.action import ActionBase

# The architectures by their names in uname -m.
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}

# The scripts go, quoted, through the user's login shell: where that may be csh
# or fish, newlines, backslashes, single quotes and "!x" do not arrive whole.
FOLDER = (
    'umask 077; u=$(id -u); d=$cache; if [ -z "$d" ]; then'
    " if [ $u = 0 ]; then d=/var/cache; else d=${HOME:?}/.cache; fi; d=$d/rundock/modules; fi; "
)

# RUN prints the mark and what it does, and runs the module if it is there.
RUN = FOLDER + (
    "m=$(uname -m); case $m in x86_64) v=$x86_64;; aarch64) v=$aarch64;; *) v=;; esac;"
    ' f=$d/$name-${v% *}; set -- $(stat -c "%u:%a %s:%Y" "$d" "$f" 2>/dev/null);'
    ' if [ "$1 $3 $4" = "$u:700 $u:500 ${v#* }" ]; then echo "$mark result "; exec "$f"; fi;'
    ' echo "$mark absent $m"'
)

# STORE stores stdin. What a broken connection left is removed an hour later, as
# until then it may be another run's that is on its way; by ctime, as touch sets
# the other one. On failure STORE reads stdin to its end: core reports a host that
# does not as unreachable, and hides why.
STORE = FOLDER + (
    'fail() { cat >/dev/null; exit 1; }; mkdir -p "$d" || fail;'
    ' if [ "$(stat -c %u:%F "$d")" != "$u:directory" ]; then echo "$d is not a folder of user $u: remove it" >&2; fail; fi;'
    ' f=$d/$name-$hash; t=$f.$$; chmod 700 "$d" && cat >"$t" && echo "$hash  $t" | sha256sum -c >/dev/null &&'
    ' chmod 500 "$t" && touch -d @$time "$t" && sync "$t" && if [ -d "$f" ]; then rm -r "$f"; fi && mv -f "$t" "$f" ||'
    ' { rm -f "$t"; fail; };'
    ' find "$d" -maxdepth 1 -name "$name-*.*" -cmin +60 -exec rm -rf {} +;'
    ' ls -tcd "$d/$name-"* | grep -v "[.][0-9]*$" | tail -n +5 | while read -r o; do rm -rf "$o"; done; echo "$mark stored $f"'
)


class Failure(Exception):
    """What the task fails with. It becomes a result, not an AnsibleError, so that failed_when and until apply."""


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        self._supports_check_mode = self._supports_async = True
        super().run(tmp, task_vars)
        try:
            return self._run(task_vars)
        except Failure as failure:
            return {"failed": True, "msg": str(failure)}

    def _run(self, task_vars):
        self._name = self._task.action.rpartition(".")[2]
        self._cache = self._templar.template((task_vars or {}).get("rundock_cache", ""))
        if self._cache and not os.path.isabs(self._cache):
            raise Failure("rundock_cache must be an absolute path, got: %s" % self._cache)
        self._programs = {}
        self._offer_programs()
        result = self._call(task_vars)
        lacks = [self._programs[hash] for hash in result.pop("lacks", []) if hash in self._programs]
        if not lacks:
            return result
        for program in lacks:
            program.argument["upload"] = self._send(program)
        result = self._call(task_vars)
        if result.pop("lacks", None):
            raise Failure("the host lacks programs that were sent to it: " + result.get("msg", ""))
        return result

    def _call(self, task_vars):
        if self._is_plain():
            return self._plain(task_vars)
        binaries = {machine: Binary(self._name, arch) for machine, arch in MACHINES.items()}
        versions = {machine: binary.version for machine, binary in binaries.items()}
        arguments = self._arguments(task_vars)
        res, said, rest = self._script(RUN, arguments, **versions)
        if said == "absent":
            self._store(pick(binaries, rest.split()[0]))
            res, said, rest = self._script(RUN, arguments, **versions)
        if said == "result":
            return self._result(res, rest)
        if "must have a tty" in res["stderr"]:
            return self._plain(task_vars)
        raise Failure("run module %s: %s" % (self._name, told(res)))

    def _is_plain(self):
        return self._task.async_val or self._is_become_unprivileged() or not self._passes_stdin()

    def _offer_programs(self):
        """Gives the module the hashes of the programs that the task names."""
        given = self._task.args.get("programs")
        if self._name != "rundock_host" or not isinstance(given, list):
            return
        arguments = [dict(program) for program in given if isinstance(program, dict) and program.get("src")]
        for argument in arguments:
            program = Program(argument)
            argument["sha256"] = program.hash
            self._programs[program.hash] = program
        if len(arguments) == len(given):  # what is wrong with the others, the module says
            self._task.args = dict(self._task.args, programs=arguments)

    def _send(self, program):
        """Puts a program on the host; returns its path there."""
        return self._put(program.packed(), program.path, "program-" + str(program.argument.get("name", "")), program.hash)

    def _put(self, packed, path, name, hash):
        """Puts a file on the host, which is path for people; returns its path there."""
        self._display.vv("%s: sending %s" % (self._name, path))
        if self._is_plain():
            return self._transfer_file(packed, self._connection._shell.join_path(self._make_tmp_path(), hash))
        with open(packed, "rb") as file:
            data = file.read()
        res, said, rest = self._script(STORE, data, name=name, **identity(data))
        if said != "stored":
            raise Failure("put %s on the host: %s" % (path, told(res)))
        return rest.splitlines()[0]

    def _passes_stdin(self):
        become = self._connection.become
        if become and (become.name.rpartition(".")[2] == "su" or not getattr(become, "pipelining", True)):
            return False
        return self._connection.has_pipelining and not C.DEFAULT_KEEP_REMOTE_FILES

    def _arguments(self, task_vars):
        """The module's stdin. It holds the task's environment, as all users may read a command line."""
        args = dict(self._task.args)
        self._update_module_args(self._task.action, args, task_vars)
        environment = {}
        self._compute_environment_string(environment)
        args["_ansible_environment"] = {name: str(value) for name, value in environment.items()}
        return json.dumps(args, default=plain_value).encode()

    def _script(self, script, stdin, **variables):
        """Runs a script; returns core's result, the word after the mark, and what follows it."""
        mark = secrets.token_hex(8)  # login scripts do not print it by chance
        variables = dict({"name": self._name}, mark=mark, cache=self._cache, **variables)
        head = "".join("%s=%s; " % (name, shlex.quote(str(value))) for name, value in variables.items())
        res = self._low_level_execute_command(head + script, in_data=stdin)
        word, _, rest = res["stdout"].partition(mark + " ")[2].partition(" ")
        return res, word, rest

    def _store(self, binary):
        self._display.vv("%s: uploading %s" % (self._name, binary.path))
        res, said, _ = self._script(STORE, binary.data, hash=binary.hash, time=binary.time)
        if said != "stored":
            raise Failure("put module %s on the host: %s" % (self._name, told(res)))

    def _result(self, res, text):
        """The module's JSON. What the login shell prints at its end may follow."""
        try:
            result, _ = json.JSONDecoder().raw_decode(text[text.index("{"):])
        except ValueError:
            why = told(res, text)
            if res["rc"] == 126:
                why += "; if the folder is on a file system mounted noexec, name another by the variable rundock_cache"
            raise Failure("run module %s: it gave no result: %s" % (self._name, why)) from None
        return {key: value for key, value in result.items() if not key.startswith("_ansible_")}

    def _plain(self, task_vars):
        """Core's way. The binary's folder comes before the module path, where documentation has the name."""
        res = self._low_level_execute_command("uname -m", sudoable=False)
        words = res["stdout"].split()
        machine = next((word for word in words if word in MACHINES), words[-1] if words else told(res))
        binary = pick({machine: Binary(self._name, arch) for machine, arch in MACHINES.items()}, machine)
        self._shared_loader_obj.module_loader.add_directory(os.path.dirname(binary.path))
        return self._execute_module(
            module_name="ansible.legacy." + self._name, task_vars=task_vars, wrap_async=bool(self._task.async_val)
        )


class Binary:
    """A module for one architecture. Without the file, version is empty."""

    def __init__(self, name, arch):
        here = os.path.dirname(os.path.realpath(__file__))
        tried = [os.path.normpath(os.path.join(here, top, "linux_" + arch, name)) for top in ("../../programs", "../../../bin")]
        self.path = next((path for path in tried if os.path.exists(path)), tried[-1])
        self.version = ""
        if os.path.exists(self.path):
            with open(self.path, "rb") as file:
                self.data = file.read()
            self.hash, self.time = identity(self.data).values()
            self.version = "%s %d:%d" % (self.hash, len(self.data), self.time)


class Program:
    """A program of this machine, that a task has installed on hosts."""

    def __init__(self, argument):
        self.argument = argument
        self.path = os.path.abspath(os.path.expanduser(str(argument["src"])))
        try:
            stat = os.stat(self.path)
        except OSError as error:
            raise Failure("programs: %s is not on this machine: %s; run make" % (self.path, error.strerror)) from None
        self._folder = cache_folder()
        note = os.path.join(self._folder, hashlib.sha256(self.path.encode()).hexdigest()[:16] + ".json")
        seen = {"path": self.path, "stat": [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]}
        known = self._noted(note, seen)
        if not known:
            with self._locked():  # one of the hosts in parallel reads the file, for all
                known = self._noted(note, seen)
                if not known:
                    known = dict(seen, sha256=hashlib.sha256(self._read()).hexdigest())
                    replace(note, json.dumps(known).encode())
        self.hash = known["sha256"]

    def packed(self):
        """The path of the program as gzip."""
        path = os.path.join(self._folder, self.hash + ".gz")
        with self._locked():
            if os.path.exists(path):
                os.utime(path)
            else:
                data = self._read()
                if hashlib.sha256(data).hexdigest() != self.hash:
                    raise Failure("%s has changed while it was sent: run this again" % self.path)
                replace(path, gzip.compress(data, 6))
                kept = [os.path.join(self._folder, name) for name in os.listdir(self._folder) if name.endswith(".gz")]
                for old in sorted(kept, key=os.path.getmtime)[:-8]:
                    os.unlink(old)
        return path

    def _read(self):
        with open(self.path, "rb") as file:
            return file.read()

    @staticmethod
    def _noted(note, seen):
        try:
            with open(note, "rb") as file:
                known = json.load(file)
            return known if dict(known, **seen) == known and known["sha256"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextlib.contextmanager
    def _locked(self):
        with open(os.path.join(self._folder, "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def cache_folder():
    """Where compressed programs stay; for this run alone where the home folder cannot be written to."""
    for base in (os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), C.DEFAULT_LOCAL_TMP):
        folder = os.path.join(base, "rundock", "programs")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise Failure("there is no folder to keep programs in: neither ~/.cache nor %s can be written to" % C.DEFAULT_LOCAL_TMP)


def replace(path, data):
    """Gives a file of the cache its content; readers see all of it or nothing."""
    temporary = "%s.%d" % (path, os.getpid())
    with open(temporary, "wb") as file:
        file.write(data)
    os.rename(temporary, path)


def identity(data):
    """What a file on the host is known by. The time is derived from the content: a file that somebody changed has another one."""
    hash = hashlib.sha256(data).hexdigest()
    return {"hash": hash, "time": int(hash[:7], 16)}


def pick(binaries, machine):
    if machine not in binaries:
        raise Failure(
            "the host's architecture is %s; there are binaries for %s" % (machine, " and ".join(binaries)))
    if not binaries[machine].version:
        raise Failure(
            "the host's architecture is %s; build the module for it, by make: there is no %s"
            % (machine, binaries[machine].path))
    return binaries[machine]


def told(res, stdout=None):
    """What a failed command said, in a line."""
    stdout = res["stdout"] if stdout is None else stdout
    words = " ".join((res["stderr"].strip() or stdout.strip() or "nothing was said").split())
    return "%s (status %d)" % (words, res["rc"])


def plain_value(value):
    """JSON for what YAML and vault put into variables."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
