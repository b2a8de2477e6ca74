"""What is wrong with the names and secrets of an inventory, in words.

    {{ query('rundock_inventory', 'variables') }}     variables rundock_* that nothing here reads, and those that cannot be decrypted
    {{ query('rundock_inventory', 'groups', *known) }}  groups that are like one of known and are none
    {{ query('rundock_inventory', 'hosts', *named) }}   hosts that are like another one of the inventory, of those named
    {{ query('rundock_inventory', 'overlays', *all) }}  overlay networks that cannot be on one host
    {{ query('rundock_inventory', 'types') }}         variables rundock_* that are not of the type that their role has them be

A variable is known that some file below playbooks/, or of the collection, has a word for. What is near is
found as internal/nearest finds it. Types are those of the entry variables in roles/*/meta/argument_specs.yml: Ansible itself
would check an entry main, in a task for each role, and compute each variable for it. What is as in the role's defaults is
of the right type.
"""

from __future__ import annotations

import functools
import ipaddress
import itertools
import os
import re

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: rundock_inventory
short_description: What is wrong with the names of an inventory
description: Names that are misspelt, and secrets that cannot be decrypted.
options: {}
"""

WORD = re.compile(r"\brundock_\w+")


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        variables = variables or {}
        if terms[0] == "overlays":
            return clashing(terms[1:])
        what, names = terms[0], [str(term) for term in terms[1:]]
        if what == "variables":
            return misspelt(sorted(name for name in variables if name.startswith("rundock_"))) + sealed(variables)
        if what == "types":
            return mistyped(variables, self._templar)
        groups = variables.get("groups", {})
        if what == "groups":
            return strange_groups(sorted(groups), names)
        return strange_hosts(names, list(groups.get("all", [])))


def misspelt(given):
    wrong = []
    for name in given:
        if name in known():
            continue
        near = nearest(name[8:], [word[8:] for word in sorted(known())])
        wrong.append("the variable %s means nothing here: %s" % (
            name, "the one is called rundock_" + near if near else "names that begin with rundock_ are rundock's"))
    return wrong


def mistyped(variables, templar):
    wrong = []
    options, defaults = declared()
    for name in sorted(options.keys() & variables.keys()):
        try:
            if name in defaults and variables[name] == defaults[name]:
                continue
            value = templar.template(unsealed(variables[name]))
            wrong += ArgumentSpecValidator({name: options[name]}).validate({name: value}).error_messages
        except Exception as error:  # Ansible's own, whichever the release has
            if not sealed({name: variables[name]}):  # of which is said elsewhere
                wrong.append("the variable %s cannot be computed: %s" % (name, " ".join(str(error).split())[:200]))
    return wrong


def clashing(overlays):
    """What module rundock_overlay would refuse on the first host, in the middle of a run."""
    wrong, made = [], []
    for overlay in overlays:
        name = overlay.get("name")
        if not name:
            wrong.append("one of them has no name: %s" % dict(overlay))
        elif overlay.get("state", "present") == "present":
            try:
                made.append((name, ipaddress.ip_network(str(overlay["cidr"])), int(overlay["vni"])))
            except KeyError as error:
                wrong.append("%s has no %s" % (name, error.args[0]))
            except ValueError as error:
                wrong.append("%s: %s" % (name, error))
    for (name, cidr, vni), (other, taken, number) in itertools.combinations(made, 2):
        if name == other:
            wrong.append("two networks are called %s" % name)
            continue
        if cidr.overlaps(taken):
            wrong.append("%s of %s overlaps %s of %s" % (taken, other, cidr, name))
        if vni == number:
            wrong.append("%s and %s have vni %d both" % (name, other, vni))
    return wrong


def strange_groups(groups, known_groups):
    wrong = []
    for group in groups:
        if group in known_groups or not group.startswith("rundock"):
            continue
        near = nearest(squeezed(group)[7:], [squeezed(name)[7:] for name in known_groups])
        if near and len(squeezed(group)) > 7:
            name = next(name for name in known_groups if squeezed(name)[7:] == near)
            wrong.append("the inventory has a group %s, which means nothing here: the one is called %s" % (group, name))
    return wrong


def strange_hosts(names, hosts):
    """Each of names with the other host that it may be meant to be."""
    wrong = []
    for name in names:
        near = nearest(name, [host for host in hosts if host != name and host not in names])
        wrong.append(name + (", which is perhaps meant to be %s" % near if near else ""))
    return wrong


def squeezed(name):
    return re.sub("[^a-z0-9]", "", name.lower())


def sealed(variables):
    """Variables of ours whose value holds something that cannot be decrypted."""
    wrong = []
    for name in sorted(name for name in variables if name.startswith("rundock_")):
        try:
            unsealed(variables[name])
        except Exception as error:  # Ansible's own, whichever the release has
            wrong.append("the variable %s cannot be decrypted, is the vault password another one? %s" % (name, " ".join(str(error).split())[:200]))
    return wrong


def unsealed(value):
    """The value with what is encrypted in it decrypted."""
    if isinstance(value, dict):
        return {name: unsealed(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [unsealed(each) for each in value]
    return str(value) if type(value).__name__ in ("AnsibleVaultEncryptedUnicode", "EncryptedString") else value


@functools.lru_cache(maxsize=None)
def known():
    here = os.path.dirname(os.path.realpath(__file__))
    words = set()
    for folder, _, files in os.walk(os.path.normpath(os.path.join(here, "..", "..", ".."))):
        for file in files:
            if file.endswith((".yml", ".j2", ".py")):
                with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as text:
                    words.update(WORD.findall(text.read()))
    return frozenset(words)


@functools.lru_cache(maxsize=None)
def declared():
    """The options of the roles' own variables, and their defaults, by their names."""
    here = os.path.dirname(os.path.realpath(__file__))
    roles = os.path.normpath(os.path.join(here, "..", ".."))
    if not os.path.isdir(os.path.join(roles, "checked")):
        roles = os.path.join(roles, "roles")  # of a collection, where plugins are beside them
    options, defaults = {}, {}
    for role in sorted(os.listdir(roles)):
        specs = loaded(os.path.join(roles, role, "meta", "argument_specs.yml")).get("argument_specs") or {}
        options.update((specs.get("variables") or {}).get("options") or {})
        defaults.update(loaded(os.path.join(roles, role, "defaults", "main.yml")))
    return options, defaults


def loaded(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as text:
        return yaml_load(text) or {}


def nearest(word, words):
    """The nearest of words, or None: as Of of internal/nearest."""
    most, near = min(1 + len(word) // 4, 3), None
    for each in words:
        distance = apart(word.lower(), each.lower())
        if distance <= most:
            most, near = distance - 1, each
    return near


def apart(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            distance = diagonal if x == y else 1 + min(diagonal, row[j], row[j + 1])
            diagonal, row[j + 1] = row[j + 1], distance
    return row[-1]
