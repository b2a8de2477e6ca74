#!/usr/bin/python
# Generated from the specification in modules/rundock_info, by
#     go test ./modules/rundock_info -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_info
short_description: "Facts of a rundock host: capacity, programs, services, overlay networks, images"
description:
  - >-
    Returns the groups and labels of a host, its processors, memory and disks, what its services reserve of
    them, programs with their releases, services with the digests of their images, overlay networks and
    images.
  - >-
    It is what C(rundockd facts --json) prints on the host, whose fields keep their names. Nothing is changed,
    also not outside of check mode.
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - rundockd on the host, as C(playbooks/site.yml) installs it; no Python
attributes:
  check_mode:
    support: full
    description: Changes nothing and reports what would be.
  diff_mode:
    support: full
    description: Returns what has changed in files, or in check mode would.
options:
  parts:
    description:
      - >-
        Which of the parts that take longer are returned; all unless given. Of the others the list is empty.
        What services reserve is known with C(services).
    type: list
    elements: str
    choices:
      - programs
      - services
      - networks
      - images
'''

EXAMPLES = r'''
---
- name: What the host has
  rundock_info:
    parts: [services]
  register: here

- name: What all of it is, for the inventory
  rundock_info: {parts: [programs, services, networks, images]}
'''

RETURN = r'''
---
facts:
  description:
    - >-
      The facts; docs/operations.md has all fields. C(unknown) lists what could not be found out, which is a
      warning as well.
  returned: always
  type: dict
  sample: {
      "capacity": {
        "cpus": 4,
        "memory": 8345960448
      },
      "groups": [
        "back"
      ],
      "host": "node-back-1",
      "labels": {
        "zone": "a"
      },
      "services": [
        {
          "digest": "registry.s.prod.example.com:5000/web@sha256:1b2c...",
          "name": "web",
          "state": "running",
          "verdict": "ok"
        }
      ],
      "version": 1
    }
'''
