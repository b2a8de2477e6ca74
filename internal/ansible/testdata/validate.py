"""Validates the cases on stdin as ansible-core does; one answer each."""

import copy
import json
import sys

from ansible.module_utils.common import warnings
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import env_fallback, remove_values

RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


def with_fallbacks(spec):
    for option in spec.values():
        if "fallback" in option:
            option["fallback"] = (env_fallback, option["fallback"])
        if "options" in option:
            with_fallbacks(option["options"])
    return spec


def own_names(spec, values):
    """Without the aliases that stay beside the parameters, and without what is not given."""
    if isinstance(values, list):
        return [own_names(spec, value) for value in values]
    if not isinstance(values, dict):
        return values
    return {
        name: own_names(spec[name].get("options"), value) if spec[name].get("options") else value
        for name, value in values.items()
        if name in spec and value is not None
    }


def answer(case):
    del warnings._global_warnings[:]
    spec = with_fallbacks(copy.deepcopy(case["spec"]))
    rules = {name: case["rules"].get(name) for name in RULES}
    try:
        result = ArgumentSpecValidator(spec, **rules).validate(case["given"])
    except Exception as e:
        return {"err": "exception: %s" % e}
    said = ["Both option %(option)s and its alias %(alias)s are set." % w for w in result._warnings]
    return {
        "err": result.error_messages[0] if result.error_messages else "",
        "values": own_names(spec, result.validated_parameters),
        "warnings": said + warnings._global_warnings,
        "deprecations": [{k: v for k, v in d.items() if v} for d in result._deprecations],
        "masked": remove_values(case["output"], result._no_log_values),
    }


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
