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
    I(state=present), I(state=enabled) and I(state=restarted) need I(image), I(announce) or I(announces);
    I(state=disabled) and I(state=absent) need I(name) and ignore the rest.
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
  announces:
    description:
      - What is announced, where the short form I(announce), I(port) and I(announce_as) does not say enough.
      - >-
        The first is the service's own, found under its name; each further one has a name of its own, and is
        found as C(_name._tcp.service).
    type: list
    elements: dict
    suboptions:
      port:
        description:
          - Port that others connect to, as I(announce) is in the short form.
        type: int
        required: true
      container_port:
        description:
          - Port that listens in the container, as I(port) is in the short form; the same unless given.
        type: int
      name:
        description:
          - >-
            Name of the port: up to 62 of C(a-z 0-9 -). The first announcement has none, each further one has
            its own.
        type: str
      protocol:
        description:
          - C(tcp) unless given.
        type: str
        choices:
          - tcp
          - udp
      as:
        description:
          - Address that is announced, as I(announce_as) says; C(private) unless given.
        type: str
        choices:
          - public
          - private
          - container
      network:
        description:
          - With C(container), the network whose address it is; the container's first by name unless given.
        type: str
      priority:
        description:
          - Priority of the SRV record, 1 to 65535; 10 unless given.
        type: int
      weight:
        description:
          - Weight of the SRV record, 1 to 65535; 100 unless given.
        type: int
      lease:
        description:
          - >-
            Seconds that the record outlives its announcer, 5 to 86400; 15 unless given. Its TTL in DNS is a
            third of it.
        type: int
      tags:
        description:
          - Words for templates, in the record.
        type: list
        elements: str
      meta:
        description:
          - Names and values for templates, in the record.
        type: dict
      check:
        description:
          - >-
            How its health is found out. Unless given, by the container's HEALTHCHECK if it has one, or else
            by connecting; a UDP port then is as well as its container.
        type: dict
        suboptions:
          type:
            description:
              - >-
                C(docker): the container's HEALTHCHECK. C(tcp): connecting succeeds. C(http): GET is answered
                with a status of 200 to 399. C(exec): a command on the host exits with 0.
            type: str
            required: true
            choices:
              - docker
              - tcp
              - http
              - exec
          path:
            description:
              - Of C(http); C(/) unless given.
            type: str
          command:
            description:
              - "Of C(exec): program and arguments. No shell reads them."
            type: list
            elements: str
          port:
            description:
              - "Of C(tcp) and C(http): another port of the container than the one that is announced."
            type: int
          interval:
            description:
              - >-
                Time between two checks, such as C(500ms) or C(10s); C(1s) unless given. Up to the first
                success they are made every 100 ms.
            type: str
          timeout:
            description:
              - Time that a check may take; C(1s) unless given.
            type: str
          rise:
            description:
              - Successes in a row before it is announced, 1 to 1000; 1 unless given.
            type: int
          fall:
            description:
              - Failures in a row before it is withdrawn, 1 to 1000; 3 unless given.
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
  env_secret:
    description:
      - >-
        Environment variables whose values appear in no script, process list, diff, log or label. Each is in a
        file under C(env/) of the service directory that root alone reads.
      - Values are strings or numbers, taken as they are. Another value replaces the container.
      - Its value is masked in all output.
    type: dict
  requires_mounts:
    description:
      - >-
        Paths of the host that must be mount points before the container is started, each time that it is.
        Until then it waits, and its status says for which.
    type: list
    elements: str
  log:
    description:
      - >-
        How much is kept of the service's log in C(/var/log/docker-NAME), and of its sidecar's. A change
        restarts the loggers alone.
    type: dict
    suboptions:
      size:
        description:
          - >-
            Size of a file, in bytes or as C(10M), at which the next is begun: 4096 to C(1G); 1000000 unless
            given.
        type: bytes
      keep:
        description:
          - "How many older files are kept: 1 to 1000; 10 unless given."
        type: int
  services:
    description:
      - >-
        Several services of the host in one call, which costs little more than one: each a dict of the other
        parameters.
      - >-
        I(state), I(pull), I(wait), I(wait_timeout), I(stop_timeout), I(drain), I(log) beside it are for each
        that does not have its own.
      - >-
        All are checked first, then made at once. One that fails does not keep the others from being made; the
        call fails and names each.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - As I(name) of the module.
        type: str
        required: true
      state:
        description:
          - As I(state) of the module.
        type: str
        choices:
          - present
          - absent
          - enabled
          - disabled
          - restarted
      image:
        description:
          - As I(image) of the module.
        type: str
      args:
        description:
          - As I(args) of the module.
        type: str
      announce:
        description:
          - As I(announce) of the module.
        type: int
      port:
        description:
          - As I(port) of the module.
        type: int
      announces:
        description:
          - As I(announces) of the module.
        type: list
        elements: dict
        suboptions:
          port:
            description:
              - Port that others connect to, as I(announce) is in the short form.
            type: int
            required: true
          container_port:
            description:
              - Port that listens in the container, as I(port) is in the short form; the same unless given.
            type: int
          name:
            description:
              - >-
                Name of the port: up to 62 of C(a-z 0-9 -). The first announcement has none, each further one
                has its own.
            type: str
          protocol:
            description:
              - C(tcp) unless given.
            type: str
            choices:
              - tcp
              - udp
          as:
            description:
              - Address that is announced, as I(announce_as) says; C(private) unless given.
            type: str
            choices:
              - public
              - private
              - container
          network:
            description:
              - >-
                With C(container), the network whose address it is; the container's first by name unless
                given.
            type: str
          priority:
            description:
              - Priority of the SRV record, 1 to 65535; 10 unless given.
            type: int
          weight:
            description:
              - Weight of the SRV record, 1 to 65535; 100 unless given.
            type: int
          lease:
            description:
              - >-
                Seconds that the record outlives its announcer, 5 to 86400; 15 unless given. Its TTL in DNS is
                a third of it.
            type: int
          tags:
            description:
              - Words for templates, in the record.
            type: list
            elements: str
          meta:
            description:
              - Names and values for templates, in the record.
            type: dict
          check:
            description:
              - >-
                How its health is found out. Unless given, by the container's HEALTHCHECK if it has one, or
                else by connecting; a UDP port then is as well as its container.
            type: dict
            suboptions:
              type:
                description:
                  - >-
                    C(docker): the container's HEALTHCHECK. C(tcp): connecting succeeds. C(http): GET is
                    answered with a status of 200 to 399. C(exec): a command on the host exits with 0.
                type: str
                required: true
                choices:
                  - docker
                  - tcp
                  - http
                  - exec
              path:
                description:
                  - Of C(http); C(/) unless given.
                type: str
              command:
                description:
                  - "Of C(exec): program and arguments. No shell reads them."
                type: list
                elements: str
              port:
                description:
                  - "Of C(tcp) and C(http): another port of the container than the one that is announced."
                type: int
              interval:
                description:
                  - >-
                    Time between two checks, such as C(500ms) or C(10s); C(1s) unless given. Up to the first
                    success they are made every 100 ms.
                type: str
              timeout:
                description:
                  - Time that a check may take; C(1s) unless given.
                type: str
              rise:
                description:
                  - Successes in a row before it is announced, 1 to 1000; 1 unless given.
                type: int
              fall:
                description:
                  - Failures in a row before it is withdrawn, 1 to 1000; 3 unless given.
                type: int
      announce_as:
        description:
          - As I(announce_as) of the module.
        type: str
        choices:
          - public
          - private
          - container
      pull:
        description:
          - As I(pull) of the module.
        type: str
        choices:
          - always
          - missing
          - never
      wait:
        description:
          - As I(wait) of the module.
        type: str
        choices:
          - none
          - running
          - healthy
          - announced
      wait_timeout:
        description:
          - As I(wait_timeout) of the module.
        type: int
      stop_timeout:
        description:
          - As I(stop_timeout) of the module.
        type: int
      drain:
        description:
          - As I(drain) of the module.
        type: int
      env_secret:
        description:
          - As I(env_secret) of the module.
          - Its value is masked in all output.
        type: dict
      requires_mounts:
        description:
          - As I(requires_mounts) of the module.
        type: list
        elements: str
      log:
        description:
          - As I(log) of the module.
        type: dict
        suboptions:
          size:
            description:
              - >-
                Size of a file, in bytes or as C(10M), at which the next is begun: 4096 to C(1G); 1000000
                unless given.
            type: bytes
          keep:
            description:
              - "How many older files are kept: 1 to 1000; 10 unless given."
            type: int
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

- name: A DNS server with two ports, the second known as _admin._tcp.resolver
  rundock:
    state: enabled
    name: resolver
    image: registry.s.prod.example.com:5000/resolver:1
    announces:
      - {port: 53, protocol: udp, check: {type: exec, command: [dig, +short, localhost]}}
      - {port: 8080, name: admin, check: {type: http, path: /health, interval: 5s}}
    env_secret:
      TOKEN: "{{ vault_resolver_token }}"
    requires_mounts: [/srv/zones]
    log: {size: 10M, keep: 5}

- name: Several services in one call
  rundock:
    state: enabled
    wait: announced
    services:
      - {name: shop, image: "registry.s.prod.example.com:5000/shop:4", announce: 8081, port: 80}
      - {name: cart, image: "registry.s.prod.example.com:5000/cart:2", announce: 8082, port: 80}

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
results:
  description:
    - >-
      With I(services), for each: C(name), C(changed), C(failed), C(msg), C(actions), C(service) and, with
      C(--diff), C(diff).
  returned: with I(services), in place of I(actions) and I(service)
  type: list
  elements: dict
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
