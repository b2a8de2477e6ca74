#!/usr/bin/python
# Generated from the specification in modules/rundock_audit, by
#     go test ./modules/rundock_audit -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_audit
short_description: "Audit a rundock host: the CIS Docker Benchmark, and rundock's own promises"
description:
  - >-
    Looks at the host, its dockerd, its containers and rundock itself, and returns what is not as the CIS
    Docker Benchmark v1.7.0 or rundock's own promises have it: how bad that is, why, and the setting that
    mends it.
  - >-
    Nothing is changed, also not outside of check mode: a report is written by the play.
    C(playbooks/audit.yml) does so.
  - On the host, C(rundockd audit) shows the same to people, and C(rundockd audit --checks) lists all checks.
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
  fail_on:
    description:
      - >-
        Fail where a finding that is not accepted is as bad as this, or worse. Unless given, findings alone
        fail no task.
    type: str
    choices:
      - low
      - medium
      - high
  accepted:
    description:
      - >-
        What is left as it is. It is returned apart, and fails nothing. One that accepts nothing is a warning;
        one without a reason, or of a check that there is not, an error. What could not be looked at is never
        accepted.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - Of a check, such as C(5.11) or C(RD-12), in quotes; or, with I(scanner), of what that finds.
        type: str
        required: true
      reason:
        description:
          - Why it is left so.
        type: str
        required: true
      service:
        description:
          - The service that this holds for; whatever it is about unless given.
        type: str
  scanner:
    description:
      - >-
        A scanner of images that is on the host. It is called once for each image that runs. Where it fails,
        that is a finding of severity C(high).
    type: dict
    suboptions:
      command:
        description:
          - >-
            The program and its arguments. The image, C(NAME@sha256:...), takes the place of C({image}), or
            follows.
          - >-
            It prints an object of JSON a line: C(id) and C(severity) (critical, high, medium, low), and if it
            likes C(package), C(text), C(remedy). It ends with 0, or with 1 where it has found something; all
            else is a failure.
        type: list
        elements: str
        required: true
      timeout:
        description:
          - Seconds for each image. Then it is killed, which is a failure.
        type: int
        default: 120
  programs:
    description:
      - >-
        SHA-256 of programs of /usr/local/bin, by name, as they are to be. Unless given they are to be what
        M(rundock_host) sent last, by the host's own notes.
    type: dict
  sarif:
    description:
      - Return SARIF 2.1.0 as well.
    type: bool
    default: false
'''

EXAMPLES = r'''
---
- name: Nothing may be as bad as high
  rundock_audit:
    fail_on: high

- name: What is left as it is
  rundock_audit:
    fail_on: medium
    accepted:
      - {id: "5.11", service: batch, reason: it may have all that others leave}
      - {id: RD-12, reason: images are built here and named by their release}

- name: With what a scanner of the host knows of each image
  rundock_audit:
    scanner:
      command: [/usr/local/bin/scan-image, --quiet]
      timeout: 300
'''

RETURN = r'''
---
lines:
  description:
    - The findings for people, by what they are about, each with what mends it.
  returned: always
  type: list
  sample:
    - containers
    - "  high    5.5  container tools: it is privileged"
    - "          why: it is root on the host"
    - "          do: take privileged out of the service; name what it needs by cap_add and devices"
    - "node-back-1: 1 finding of 1 high; 9 accepted, 101 checks"
findings:
  description:
    - >-
      What is not as it is to be, and not accepted, the worst first: C(id), C(group) (host, daemon, files,
      containers, images, rundock), C(severity), C(subject), C(service), C(text), C(wants), C(reason),
      C(remedy), and C(unknown) where it could not be looked at.
  returned: always
  type: list
  sample: [
      {
        "group": "containers",
        "id": "5.5",
        "reason": "it is root on the host",
        "remedy": "take privileged out of the service; name what it needs by cap_add and devices",
        "service": "tools",
        "severity": "high",
        "subject": "container tools",
        "text": "it is privileged",
        "wants": "no container is privileged"
      }
    ]
accepted:
  description:
    - >-
      The same of what is accepted, with C(accepted), the reason: what rundock leaves so on every host, and
      what I(accepted) names.
  returned: always
  type: list
  sample: [
      {
        "accepted": "overlay networks, ports of hosts and live-restore need a dockerd that is root; its socket is root's alone",
        "group": "daemon",
        "id": "2.1",
        "severity": "low",
        "subject": "dockerd",
        "text": "it runs as root"
      }
    ]
counts:
  description:
    - How many of I(findings) are of each severity.
  returned: always
  type: dict
  sample: {"high":1,"low":0,"medium":0}
checks:
  description:
    - How many checks were made.
  returned: always
  type: int
  sample: 101
not_applicable:
  description:
    - "Checks that do not apply to the host: C(id), C(why)."
  returned: always
  type: list
  sample: [{"id":"1.1.3","why":"there is no auditd"}]
benchmark:
  description:
    - What the numbers of checks are of.
  returned: always
  type: str
  sample: CIS Docker Benchmark v1.7.0
sarif:
  description:
    - All of it as SARIF 2.1.0, what is accepted as suppressed.
  returned: with I(sarif)
  type: dict
  sample: {"runs":[],"version":"2.1.0"}
'''
