#!/usr/bin/python
# Generated from the specification in modules/rundock_record, by
#     go test ./modules/rundock_record -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_record
short_description: Have a record in DNS that no service of the site announces
description:
  - >-
    Writes a record into the store, etcd or Consul, from which dnsd answers: of a host outside, an alias, a
    mail exchanger, a text, a CAA record, a target of SRV. It has no lease, and stays until it is removed.
  - "A record that a sidecar announces is left alone: the call fails and says who holds it."
  - >-
    Any host of the site can be asked; one is enough (I(run_once)). With two stores in its host.json the
    record is in both.
  - I(state=absent) needs I(name), and I(instance) and I(zone) if they were given, and ignores the rest.
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - rundockd and dnsd on the host, as C(playbooks/site.yml) installs them; no Python
attributes:
  check_mode:
    support: full
    description: Changes nothing and reports what would be.
  diff_mode:
    support: full
    description: Returns what has changed in files, or in check mode would.
options:
  name:
    description:
      - >-
        Name in DNS, within I(zone): C(printer), C(_sip._tcp.voice), C(_acme-challenge.web). C(@) is the zone
        itself. One that a service has as well is answered by both.
    type: str
    required: true
  state:
    description:
      - Whether the record is there.
    type: str
    default: present
    choices:
      - present
      - absent
  zone:
    description:
      - >-
        Zone in which I(name) is; the host's own, such as C(s.prod.example.com), unless given. dnsd has to be
        its authority.
    type: str
  instance:
    description:
      - >-
        Tells the records of one name apart: a label, which stands before I(name), as C(node-1) in
        C(node-1.web). An SRV target that is an address is found under it.
    type: str
    default: static
  host:
    description:
      - >-
        Address, answered as A or AAAA, or the name of another host, answered as CNAME; with I(port) as SRV,
        with I(mail) as MX as well.
    type: str
  port:
    description:
      - Port, for SRV.
    type: int
  priority:
    description:
      - "Priority in SRV, preference in MX: lower comes first; 10 unless given."
    type: int
  weight:
    description:
      - Weight in SRV beside others of the priority; 100 unless given.
    type: int
  ttl:
    description:
      - Seconds for which the answer may be remembered; dnsd's default unless given.
    type: int
  text:
    description:
      - Answered as TXT.
    type: str
  mail:
    description:
      - Answer as MX as well.
    type: bool
    default: false
  type:
    description:
      - "Type of another record, whose data is I(rdata): C(CAA), C(SSHFP), C(TLSA), C(NAPTR), C(TYPE65), ..."
    type: str
  rdata:
    description:
      - "Its data in zone-file syntax, such as C(0 issue \"ca.example.net\")."
    type: str
  targetstrip:
    description:
      - Labels taken off the record's own name when it is an SRV target.
    type: int
  group:
    description:
      - Records of one name are answered together if they have one group; C(main) is that of services.
    type: str
    default: main
  tags:
    description:
      - Tags, which templates read.
    type: list
    elements: str
  meta:
    description:
      - Further values, which templates read.
    type: dict
'''

EXAMPLES = r'''
---
- name: A server outside, found as a service is
  rundock_record:
    name: legacy-db
    host: 10.9.0.7
    port: 5432
  run_once: true

- name: Mail for the zone
  rundock_record:
    name: "@"
    instance: mx1
    host: mx1.example.net
    mail: true
    priority: 5
  run_once: true

- name: Who may issue certificates for it
  rundock_record:
    name: "@"
    instance: caa
    type: CAA
    rdata: 0 issue "ca.example.net"
  run_once: true

- name: An alias
  rundock_record:
    name: wiki
    host: grafana.s.prod.example.com
  run_once: true

- name: A text, and away with it
  rundock_record:
    name: _acme-challenge.web
    state: absent
  run_once: true
'''

RETURN = r'''
---
actions:
  description:
    - >-
      What was done, or in check mode would be: C(record written), C(record updated), C(record removed); with
      two stores, where.
  returned: always
  type: list
  elements: str
  sample:
    - record written
record:
  description:
    - The record after the call.
  returned: always
  type: dict
  contains:
    name:
      description:
        - Its own name in DNS, with the instance.
      returned: always
      type: str
      sample: static.legacy-db.s.prod.example.com
    key:
      description:
        - Its key in etcd; Consul's has no slash in front.
      returned: always
      type: str
      sample: "/skydns/com/example/prod/s/legacy-db/static"
    value:
      description:
        - Its value.
      returned: with I(state=present)
      type: dict
'''
