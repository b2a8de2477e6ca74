"""Runs a module of rundock, a static binary, in one round trip.

Core copies a binary module to the host in every task. This plugin puts it
there once, under its hash, and then only runs it, arguments on stdin:

    /var/cache/rundock/modules/rundock-<sha256>      root's
    ~/.cache/rundock/modules/rundock-<sha256>        any other user's

The variable rundock_cache names another folder. A file is run only where it
and the folder belong to the user who runs it, nobody else may enter, and its
size and time are as the upload left them. An upload is checked by its hash
before it gets its name. The newest few files of a module stay.

It leaves to core's own way: async, become to a user who is no administrator,
connections and become methods that do not pass stdin on (su, requiretty), and
ANSIBLE_KEEP_REMOTE_FILES.

This file serves all modules: a further module only takes a link with its name
beside it. Binaries are in bin/linux_<architecture>/ of the checkout or
collection that the file lies in. It uses only what ansible-core 2.14 to 2.22
have in common.
"""

from __future__ import annotations

import datetime
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

# STORE stores stdin. A file that a broken connection left has a name that
# begins alike, so that it is removed with the old ones. On failure STORE reads
# stdin to its end: core reports a host that does not as unreachable, and hides
# why.
STORE = FOLDER + (
    'fail() { cat >/dev/null; exit 1; }; mkdir -p "$d" || fail;'
    ' if [ "$(stat -c %u:%F "$d")" != "$u:directory" ]; then echo "$d is not a folder of user $u: remove it" >&2; fail; fi;'
    ' f=$d/$name-$hash; t=$f.$$; chmod 700 "$d" && cat >"$t" && echo "$hash  $t" | sha256sum -c >/dev/null &&'
    ' chmod 500 "$t" && touch -d @$time "$t" && sync "$t" && if [ -d "$f" ]; then rm -r "$f"; fi && mv -f "$t" "$f" ||'
    ' { rm -f "$t"; fail; };'
    ' ls -tcd "$d/$name-"* | tail -n +5 | while read -r o; do rm -rf "$o"; done; echo "$mark stored "'
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
        if self._task.async_val or self._is_become_unprivileged() or not self._passes_stdin():
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
        variables.update(mark=mark, name=self._name, cache=self._cache)
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
        tried = [os.path.normpath(os.path.join(here, up, "bin", "linux_" + arch, name)) for up in ("../..", "../../..")]
        self.path = next((path for path in tried if os.path.exists(path)), tried[-1])
        self.version = ""
        if os.path.exists(self.path):
            with open(self.path, "rb") as file:
                self.data = file.read()
            self.hash = hashlib.sha256(self.data).hexdigest()
            # The time is derived from the content: a file that somebody changed has another one.
            self.time = int(self.hash[:7], 16)
            self.version = "%s %d:%d" % (self.hash, len(self.data), self.time)


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
