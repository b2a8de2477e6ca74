#!/usr/bin/python
# Generated from the specification in modules/rundock_switch, by
#     go test ./modules/rundock_switch -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_switch
short_description: Give a service's traffic to its other colour, without a failed request
description:
  - >-
    Leads the switch of a service from one colour to the other on all load balancers that are registered for
    it: each prepares the new colour, is given the word, and acknowledges. Where one does not, all go back,
    and the call fails and names it.
  - >-
    It is about the whole site, not about a host: call it once, on any host that rundock is installed on
    (C(run_once: true)).
  - "The colour that had the traffic stays warm: the same call with the other colour goes back."
  - >-
    Check mode says what the call would do, and fails where it could not be done. A second call changes
    nothing.
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - >-
    rundockd on the host, as C(playbooks/site.yml) installs it, and one load balancer or more (role
    C(loadbalancer)); no Python
attributes:
  check_mode:
    support: full
    description: Changes nothing and reports what would be.
  diff_mode:
    support: full
    description: Returns what has changed in files, or in check mode would.
options:
  service:
    description:
      - Name of the service, without a colour.
    type: str
    required: true
  to:
    description:
      - The colour that is to have the traffic.
    type: str
    required: true
    choices:
      - blue
      - green
  min_healthy:
    description:
      - >-
        How many instances of the colour have to be well, as the host of the call and as each load balancer
        sees it. C(0) is all that are announced.
    type: int
    default: 0
  path:
    description:
      - >-
        Path that the instances are polled at by HTTP before anything is begun, such as C(/up). Unset, that
        they take connections is enough; load balancers have checks of their own.
    type: str
  drain:
    description:
      - Seconds that sessions may last on the colour that had the traffic; then they are shut down.
    type: int
    default: 30
  timeout:
    description:
      - "Seconds for each step: for instances to be well, and for load balancers to prepare and to flip."
    type: int
    default: 60
  rollback_on:
    description:
      - >-
        Go back where the new colour proves bad after the flip, or with I(canary) before it, by HAProxy's own
        counters.
    type: dict
    suboptions:
      errors:
        description:
          - "Per cent of its requests that fail: 5xx answers, and connections or answers that break off."
        type: float
      checks:
        description:
          - Failed checks of its instances.
        type: int
      window:
        description:
          - Seconds after the flip in which that counts; the call lasts as long.
        type: int
        default: 30
  canary:
    description:
      - First give a share of new sessions to the new colour.
    type: dict
    suboptions:
      share:
        description:
          - Per cent of new sessions.
        type: float
        required: true
      seconds:
        description:
          - For how long.
        type: int
        required: true
  who:
    description:
      - >-
        Who asks, for C(rundockd history) and for others who are refused meanwhile; the host of the call
        unless given.
    type: str
  image:
    description:
      - >-
        Image of the colour by digest, for C(rundockd history); the one that the host of the call runs unless
        given, if it runs one.
    type: str
'''

EXAMPLES = r'''
---
- name: The green instances, which an earlier task has brought up, get the traffic of web
  rundock_switch:
    service: web
    to: green
    path: /up
  run_once: true

- name: The same by way of a share, and back where one per cent of requests fail
  rundock_switch:
    service: web
    to: green
    canary: {share: 10, seconds: 30}
    rollback_on: {errors: 1, checks: 1, window: 60}
  run_once: true
'''

RETURN = r'''
---
active:
  description:
    - The colour that has the traffic after the call.
  returned: always
  type: str
  sample: green
from:
  description:
    - The colour that had it before.
  returned: always
  type: str
  sample: blue
to:
  description:
    - The colour that was wanted.
  returned: always
  type: str
  sample: green
back:
  description:
    - Why it went back; empty if it did not.
  returned: always
  type: str
attempt:
  description:
    - ID of the attempt; empty where none was begun.
  returned: always
  type: str
plan:
  description:
    - What the call would do, in order.
  returned: in check mode, else empty
  type: list
  elements: str
  sample:
    - prepare green on front-1, front-2
    - send all to green, on each of them
    - let sessions on blue end, for 30 s at the most
load_balancers:
  description:
    - Hosts that have to acknowledge.
  returned: always
  type: list
  elements: str
  sample:
    - front-1
    - front-2
progress:
  description:
    - What went on, with seconds since the call began.
  returned: always
  type: list
  elements: str
'''
