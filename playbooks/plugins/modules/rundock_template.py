#!/usr/bin/python
# Generated from the specification in modules/rundock_template, by
#     go test ./modules/rundock_template -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_template
short_description: Keep a file of a host as a template and the store say
description:
  - >-
    Renders a template, which has the functions of consul-template, from the records and keys in etcd or
    Consul, and keeps the file so: C(rundockd render) under runit follows the store, has a command check each
    new content, replaces the file, and reloads whoever reads it.
  - >-
    The last good file stays while the template is broken, its check fails, a service has fewer instances than
    its floor, or the store is away.
  - A second call changes nothing and executes nothing. Check mode shows how the file would change.
  - I(state=absent) needs I(name) and ignores the rest but I(wait_timeout). The file that was rendered stays.
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - runit, rundockd and rundock-render on the host, as C(playbooks/site.yml) installs them; no Python
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
        Name of the template: two or more letters, digits, C(-), C(_) and C(.). It is that of its definition,
        its status and in messages.
    type: str
    required: true
  state:
    description:
      - "C(present): the file is kept, now and after a boot."
      - "C(absent): it is not kept any more. It stays as it is."
    type: str
    default: present
    choices:
      - present
      - absent
  src:
    description:
      - >-
        Absolute path of the template on the host, put there by an earlier task (C(copy)): a module that is
        one binary gets no files from the machine that Ansible runs on. Where the template itself is to come
        in the call, give I(content).
    type: str
  content:
    description:
      - >-
        The template itself, such as C({{ lookup('file', 'haproxy.cfg.tmpl') }}), which is a file beside the
        playbook. Write braces of the template into a task as C({% raw %}).
    type: str
  dest:
    description:
      - Absolute path of the file that is kept.
    type: str
  owner:
    description:
      - User who owns the file, by name or number; root unless given.
    type: str
  group:
    description:
      - Group of the file, by name or number; root's unless given.
    type: str
  mode:
    description:
      - >-
        Mode of the file, three or four octal digits in quotes; C(0644) unless given. The diff hides what only
        the owner may read.
    type: str
  check:
    description:
      - >-
        Shell command that judges each new content before it gets to I(dest); C(%s) is a file with it, in the
        same folder.
    type: str
  reload:
    description:
      - Shell command after the file was replaced.
    type: str
  signal:
    description:
      - "Besides I(reload), or instead: a signal to a service of runit's."
    type: dict
    suboptions:
      service:
        description:
          - Name of its service directory, such as C(haproxy) or C(docker-haproxy).
        type: str
        required: true
      signal:
        description:
          - The signal.
        type: str
        default: HUP
        choices:
          - HUP
          - INT
          - QUIT
          - TERM
          - USR1
          - USR2
          - ALRM
  wait:
    description:
      - >-
        C(MIN:MAX), such as C(250ms:2s): take changes up when nothing more has changed for MIN, and after MAX
        at the latest. Unset, a change that comes alone is taken up at once, and further ones within a second
        by C(150ms:1s).
    type: str
  floor:
    description:
      - >-
        Least instances by service, named as the template names it; C(*) is each other. With fewer the last
        good file stays. C(0) allows for none at all, for which else the last good file stays as well.
    type: dict
  backup:
    description:
      - "Keep the file before as I(dest) and C(~)."
    type: bool
    default: false
  wait_for:
    description:
      - >-
        C(rendered): before anything is written the template is tried on the store and checked, and the call
        returns when the file is as it should be and reloaded.
      - >-
        C(none): only whether the template can be parsed is looked at; the store may be away, keys missing,
        and the file comes when it can.
    type: str
    default: rendered
    choices:
      - rendered
      - none
  wait_timeout:
    description:
      - >-
        Seconds to wait for the store, and until the file is rendered; also for another call at a template of
        this host.
    type: int
    default: 60
'''

EXAMPLES = r'''
---
- name: HAProxy's configuration, from a template beside the playbook
  rundock_template:
    name: haproxy
    content: "{{ lookup('file', 'haproxy.cfg.tmpl') }}"
    dest: /etc/haproxy/haproxy.cfg
    group: haproxy
    mode: "0640"
    check: haproxy -c -f %s
    signal: {service: haproxy, signal: USR2}
    floor: {apache-80: 2}
    backup: true

- name: Targets of Prometheus, which reads them by itself
  rundock_template:
    name: targets
    dest: /etc/prometheus/targets.json
    content: '{% raw %}[{"targets": [{{range $i, $s := service "node"}}{{if $i}}, {{end}}"{{$s.Address}}:{{$s.Port}}"{{end}}]}]{% endraw %}'

- name: Leave the file as it is from now on
  rundock_template:
    name: targets
    state: absent
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
    - definition written
    - renderer enabled
    - file replaced
template:
  description:
    - How the template stands after the call.
  returned: always
  type: dict
  contains:
    name:
      description:
        - Its name.
      returned: always
      type: str
      sample: haproxy
    state:
      description:
        - C(current); C(kept), the last good file stays; C(down), no renderer runs; C(absent).
      returned: always
      type: str
      sample: current
    reason:
      description:
        - Why the last good file stays.
      returned: with C(kept)
      type: str
    dest:
      description:
        - The file.
      returned: with I(state=present)
      type: str
      sample: "/etc/haproxy/haproxy.cfg"
    services:
      description:
        - Instances in the file, by service.
      returned: with I(state=present)
      type: dict
      sample: {"apache-80":2}
    keys:
      description:
        - Keys found, by what was asked for.
      returned: with I(state=present)
      type: dict
      sample: {"backend/current":1}
'''
