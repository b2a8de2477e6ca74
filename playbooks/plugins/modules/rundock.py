#!/usr/bin/python
# Generated from the specification in modules/rundock, by
#     go test ./modules/rundock -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import annotations

DOCUMENTATION = r'''
---
module: rundock
short_description: Run a container as a supervised, announced service of a plain Docker host
description:
  - Makes a container a runit service of the host, and announces it in DNS while it is well.
  - A second call changes nothing and executes nothing. Check mode reports what the call would do.
  - >-
    I(state=present), I(state=enabled) and I(state=restarted) need I(image) or I(announce); I(state=disabled)
    and I(state=absent) need I(name) and ignore the rest.
author:
  - rundock
requirements:
  - Docker, runit and rundockd on the host, as C(playbooks/site.yml) installs them; no Python
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
        Name of the service and of its container: two or more of C(a-z A-Z 0-9 _ . -), the first a letter or a
        digit.
      - "An announced one is a DNS label: C(a-z 0-9 -)."
    type: str
    required: true
  state:
    description:
      - "C(present): installed; whether it is enabled stays as it is."
      - "C(enabled): installed and running, now and after a boot."
      - "C(restarted): that, and its container replaced; always changed."
      - "C(disabled): stopped; its files stay."
      - "C(absent): removed, but for its logs."
    type: str
    default: present
    choices:
      - present
      - absent
      - enabled
      - disabled
      - restarted
  image:
    description:
      - Image reference. Without it, and with I(announce), only the announcement is made.
    type: str
  args:
    description:
      - Flags of C(docker run), then optionally C(--) and a command; C(docs/args.md) lists them.
      - C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the host's.
    type: str
  announce:
    description:
      - Port under which the service is announced; there is no announcement without it.
      - >-
        Refused with C(--network none), and where I(args) publish it as another port of the container than
        I(port).
    type: int
  port:
    description:
      - Port that listens in the container; that of I(announce) unless given.
    type: int
  announce_as:
    description:
      - >-
        Address that is announced: C(private) or C(public) of the host, where the port is published unless it
        is already; or the C(container)'s own, unpublished.
    type: str
    default: private
    choices:
      - public
      - private
      - container
  pull:
    description:
      - >-
        When to pull the image as a container is started. A failed pull warns and runs the image that is
        there.
    type: str
    default: always
    choices:
      - always
      - missing
      - never
  wait:
    description:
      - >-
        What to wait for: C(none); C(running), the same container up for 2 s; C(healthy), its HEALTHCHECK says
        so; C(announced), it is in DNS.
    type: str
    default: running
    choices:
      - none
      - running
      - healthy
      - announced
  wait_timeout:
    description:
      - >-
        Seconds to wait. Long, as a pull can be part of it: only a service that neither comes up nor fails
        uses all of it.
      - Also how long to wait for another call at the same service.
    type: int
    default: 300
  stop_timeout:
    description:
      - Seconds between TERM and KILL of the container.
    type: int
    default: 10
  drain:
    description:
      - Seconds between withdrawing the announcement and stopping the container.
    type: int
    default: 0
'''

EXAMPLES = r'''
---
- name: InfluxDB, reachable as influxdb.s.prod.example.com
  rundock:
    state: enabled
    name: influxdb
    image: registry.s.prod.example.com:5000/influxdb:2
    args: -v influxdb:/var/lib/influxdb
    announce: 8086

- name: Grafana, announced by another port than the one that listens in the container
  rundock:
    state: enabled
    name: grafana
    image: registry.s.prod.example.com:5000/grafana:9
    args: -e INFLUXDB_HOST=influxdb.s.prod.example.com
    announce: 8087
    port: 80
    wait: announced

- name: A registry that runs outside Docker, announced all the same
  rundock:
    state: enabled
    name: registry
    announce: 5000

- name: Deploy what the tag means now
  rundock:
    state: restarted
    name: grafana
    image: registry.s.prod.example.com:5000/grafana:9

- name: Remove a service, but for its logs
  rundock:
    state: absent
    name: grafana
'''

RETURN = r'''
---
actions:
  description:
    - What was done, or in check mode would be, in order.
  returned: always
  type: list
  elements: str
  sample:
    - files updated
    - container replaced
service:
  description:
    - How the service stands after the call.
  returned: unless the service directory cannot be read
  type: dict
  contains:
    name:
      description:
        - Name of the service.
      returned: always
      type: str
      sample: influxdb
    directory:
      description:
        - Its service directory.
      returned: always
      type: path
      sample: "/etc/sv/docker-influxdb"
    installed:
      description:
        - Whether its files are there.
      returned: always
      type: bool
    enabled:
      description:
        - Whether it is started at boot.
      returned: always
      type: bool
    supervised:
      description:
        - Whether runsv looks after it.
      returned: always
      type: bool
    running:
      description:
        - Whether its container runs.
      returned: always
      type: bool
    phase:
      description:
        - What its runner is at.
      returned: if it is supervised
      type: str
      sample: running
    container:
      description:
        - ID of its container.
      returned: if it is supervised
      type: str
    image:
      description:
        - ID of the image that it runs.
      returned: if it is supervised
      type: str
    spec:
      description:
        - Hash of what the container was made of.
      returned: if it is supervised
      type: str
    announced:
      description:
        - Whether it is announced.
      returned: always
      type: bool
    records:
      description:
        - Its records in the registry.
      returned: always
      type: list
      elements: dict
      contains:
        key:
          description:
            - Key in etcd.
          returned: always
          type: str
          sample: "/skydns/com/example/prod/s/influxdb/node-1"
        name:
          description:
            - Name in DNS.
          returned: always
          type: str
          sample: node-1.influxdb.s.prod.example.com
        host:
          description:
            - The address.
          returned: always
          type: str
          sample: "10.0.0.5"
        port:
          description:
            - The port.
          returned: always
          type: int
          sample: 8086
    error:
      description:
        - Why it does not run.
      returned: if its runner has failed
      type: str
    reason:
      description:
        - Why it is not announced, or since when.
      returned: if its announcer gives one
      type: str
'''
