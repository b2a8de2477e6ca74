#!/usr/bin/python
# Generated from the specification in modules/rundock_kv, by
#     go test ./modules/rundock_kv -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_kv
short_description: Give a key of the store a value, by compare and set where asked to
description:
  - >-
    Writes a key into etcd or Consul, or takes it away: those that templates read, or a program's own. It has
    no lease, and stays until it is removed.
  - Any host of the site can be asked; one is enough (I(run_once)).
  - >-
    Keys of rundock's own, below C(skydns) and C(rundock), are refused: rundock_record and the other modules
    write those.
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
  key:
    description:
      - >-
        The key as templates and Consul name it, without a slash in front: C(backend/current) is
        C(/backend/current) in etcd.
    type: str
    required: true
  state:
    description:
      - Whether the key is there.
    type: str
    default: present
    choices:
      - present
      - absent
  value:
    description:
      - Its value; may be empty. Required with I(state=present).
    type: str
  expect:
    description:
      - >-
        Write, or remove, only if this is the value at that moment. A key that is as asked for already is no
        failure.
    type: str
  expect_absent:
    description:
      - Write only if there is no such key. One that has the value already is no failure.
    type: bool
    default: false
  secret:
    description:
      - "Show no value: neither in the result, nor in the diff or an error."
    type: bool
    default: false
  store:
    description:
      - Which store, where host.json has settings for both; the host's own unless given.
    type: str
    choices:
      - etcd
      - consul
'''

EXAMPLES = r'''
---
- name: The backend that the template of HAProxy names
  rundock_kv:
    key: backend/current
    value: blue
  run_once: true

- name: The other one, unless somebody else has changed it meanwhile
  rundock_kv:
    key: backend/current
    value: green
    expect: blue
  run_once: true

- name: A password for a template, shown nowhere
  rundock_kv:
    key: app/config/password
    value: "{{ vaulted_password }}"
    secret: true
  run_once: true

- name: Away with it
  rundock_kv:
    key: app/config/password
    state: absent
  run_once: true
'''

RETURN = r'''
---
actions:
  description:
    - "What was done, or in check mode would be: C(key written), C(key updated), C(key removed)."
  returned: always
  type: list
  elements: str
  sample:
    - key updated
key:
  description:
    - The key.
  returned: always
  type: dict
  contains:
    name:
      description:
        - Its name, without a slash in front.
      returned: always
      type: str
      sample: backend/current
    store:
      description:
        - C(etcd) or C(consul).
      returned: always
      type: str
      sample: etcd
    before:
      description:
        - Its value before the call.
      returned: if it was there, and is no secret
      type: str
      sample: blue
'''
