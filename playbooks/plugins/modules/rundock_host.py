#!/usr/bin/python
# Generated from the specification in modules/rundock_host, by
#     go test ./modules/rundock_host -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_host
short_description: "Make a Debian machine a rundock host: packages, Docker, programs, runit services"
description:
  - >-
    Packages, dockerd's settings, programs, users, files, runit services and resolv.conf of a host, by one
    plan and in one call. C(playbooks/site.yml) calls it with what the inventory says.
  - >-
    A call that changes nothing executes nothing and takes one round trip. Check mode reports what a call
    would do. The host needs no Python.
  - >-
    Programs travel compressed, and only where the host has another content; hosts in parallel share one
    compressing.
  - >-
    What a call that failed halfway has left out, such as the restart of a service whose file is written
    already, the next call does.
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - Debian or a relative of it, with systemd or sysvinit; no Python
attributes:
  check_mode:
    support: full
    description: Changes nothing and reports what would be.
  diff_mode:
    support: full
    description: Returns what has changed in files, or in check mode would.
options:
  state:
    description:
      - >-
        C(ready): the host is as the other parameters say, and is not drained. Unless given, the same, but a
        host that is drained stays so. What no parameter names stays.
      - >-
        C(drained): its services are withdrawn, drained and stopped, until C(ready); refused where a service
        would lose its last instance, unless I(force). C(playbooks/drain.yml) calls it.
      - >-
        C(gone): what this module, and C(playbooks/site.yml) by it, made there is taken away, with
        certificates and keys. Services and overlay networks have to be taken away before, by their modules.
        C(playbooks/remove-host.yml) does all of it, and has the store forget the host.
      - With C(drained) and C(gone) none of the parameters below I(timeout) may be given.
    type: str
    choices:
      - ready
      - drained
      - gone
  force:
    description:
      - >-
        With I(state=drained): also where a service loses its last instance, or the store cannot be asked.
        With I(state=gone): also where the site's authority is, which is left there, and without a word to the
        store.
    type: bool
    default: false
  by:
    description:
      - "With I(state=drained): who asks for it, as C(rundockd status) tells."
    type: str
    default: ansible
  timeout:
    description:
      - >-
        With I(state=drained): seconds until all services have stopped, after which the call fails. What is
        not stopped by then goes on being stopped.
    type: int
    default: 600
  facts:
    description:
      - >-
        Return facts of the host as Ansible's setup names them, which needs Python there: host name,
        architecture, distribution, interfaces and their IPv4 addresses.
    type: bool
    default: false
  look:
    description:
      - Shell script that looks at the host, also in check mode; what it prints is returned as C(stdout).
    type: str
  packages:
    description:
      - >-
        Debian packages. Those that are missing are installed, without what they only recommend; apt's lists
        are read anew where they are older than an hour.
    type: list
    elements: str
  docker:
    description:
      - dockerd runs, now and after a boot.
    type: dict
    suboptions:
      settings:
        description:
          - Keys of daemon.json. Its other keys stay. dockerd reads at once what it can without a restart.
        type: dict
      restart:
        description:
          - >-
            Whether dockerd may be restarted for keys that it reads at its start alone. Without it they are
            listed in the result's C(waiting), in each call until dockerd was restarted.
        type: bool
        default: false
  unbooted:
    description:
      - >-
        Services of systemd or sysvinit that are runit's: init does not start them at boot, nor their package
        of the same name when it is installed. One that runs is stopped.
    type: list
    elements: str
  runsvdir:
    description:
      - runit's runsvdir runs, now and after a boot.
    type: bool
    default: false
  programs:
    description:
      - >-
        Programs in C(/usr/local/bin). With another C(rundockd), C(rundock-store) or C(rundock-render) runit's
        services of rundock hand over.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Its name there.
        type: str
        required: true
      src:
        description:
          - The file on the machine that Ansible runs on.
        type: str
        required: true
      test:
        description:
          - Arguments with which a new one is run before it takes the place of the old one; it has to succeed.
        type: str
        default: "--help"
      sha256:
        description:
          - "Set by the action plugin: the hash of I(src)."
        type: str
      upload:
        description:
          - "Set by the action plugin: where on the host it has put the compressed program."
        type: str
  users:
    description:
      - >-
        System users, who cannot log in; each with a group of the same name and the home C(/var/lib/NAME),
        which is not made.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name.
        type: str
        required: true
      reads:
        description:
          - Files that the user must be able to read; the call fails where not.
        type: list
        elements: str
  files:
    description:
      - Files, which are replaced by rename.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Absolute path.
        type: str
        required: true
      content:
        description:
          - The content.
        type: str
        required: true
      encoding:
        description:
          - "C(base64): I(content) is the content in base64, as a content has to be that is no text."
        type: str
        default: plain
        choices:
          - plain
          - base64
      mode:
        description:
          - Three or four octal digits, in quotes.
        type: str
        default: "0644"
      owner:
        description:
          - A user, root unless given.
        type: str
      group:
        description:
          - A group, root unless given.
        type: str
      check:
        description:
          - "Shell command that judges a new content, which it finds in the file C(%s)."
        type: str
      secret:
        description:
          - Keep the content out of diff and log.
        type: bool
        default: false
  services:
    description:
      - runit services, in the order in which they are started and waited for. A logger is added to each.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Its name.
        type: str
        required: true
      scripts:
        description:
          - >-
            C(run), C(finish) and C(check) by name. With another C(run) or C(finish) it is restarted. A
            service without scripts is somebody else's, and only waited for.
        type: dict
      reads:
        description:
          - Paths of I(files) and I(programs) that it has to take up when they change.
        type: list
        elements: str
      renew:
        description:
          - >-
            How it takes them up. With C(never) it goes on, also with other scripts, and all takes effect when
            it starts next.
        type: str
        default: restart
        choices:
          - restart
          - hup
          - never
      ready:
        description:
          - >-
            Shell command that succeeds once the service works. It is waited for, up to a minute, where the
            service was changed or has just started.
        type: str
  removed:
    description:
      - >-
        runit services that are not to be there: each is stopped and its directory taken away, before
        I(services) are started; its log stays. A service that C(site.yml) did not make stays.
    type: list
    elements: str
  resolver:
    description:
      - >-
        dnsd of the host, which has to answer. Where it does not, resolv.conf is put back to what it was
        before rundock, and the call fails.
    type: dict
    suboptions:
      zone:
        description:
          - The zone that is asked for.
        type: str
        required: true
      ask:
        description:
          - Addresses of the host on which it answers.
        type: list
        elements: str
        required: true
      resolv_conf:
        description:
          - >-
            Whether C(/etc/resolv.conf) leads to it. The one before is kept as
            C(/etc/rundock/resolv.conf.before).
        type: bool
        default: true
      second:
        description:
          - >-
            Address of another resolver in resolv.conf, which is asked after a second in which dnsd of the
            host has not answered; empty: none.
        type: str
        default: ""
      search:
        description:
          - Domains in which the host looks for short names.
        type: list
        elements: str
'''

EXAMPLES = r'''
---
- name: Docker, runit and rundockd
  rundock_host:
    packages: [docker.io, iptables, runit, runit-run]
    docker:
      settings: {live-restore: true}
    runsvdir: true
    programs:
      - {name: rundock-store, src: bin/rundock-store}
      - {name: rundock-render, src: bin/rundock-render}
      - {name: rundockd, src: bin/rundockd, test: version}
    files:
      - path: /etc/rundock/host.json
        content: "{{ host_json | to_nice_json }}\n"
        check: rundockd config %s

- name: The host's one connection to its store
  rundock_host:
    services:
      - name: rundock-store
        scripts:
          run: |
            #!/bin/sh
            exec rundockd store 2>&1
        ready: rundockd store check

- name: No service runs here until it is ready again
  rundock_host:
    state: drained
    by: ada
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
    - "packages installed: runit runit-run"
    - runsvdir started
missing:
  description:
    - Packages that were not installed before the call.
  returned: always
  type: list
  elements: str
  sample:
    - runit
    - runit-run
stays:
  description:
    - What is left on the machine.
  returned: with I(state=gone)
  type: list
  elements: str
  sample:
    - logs in /var/log
stdout:
  description:
    - What I(look) printed.
  returned: with I(look)
  type: str
stopped:
  description:
    - The services that were stopped, or withdrawn.
  returned: with I(state=drained)
  type: list
  elements: str
  sample:
    - web is stopped
waiting:
  description:
    - Keys of daemon.json that take effect when dockerd is restarted.
  returned: always
  type: list
  elements: str
  sample:
    - log-driver
'''
