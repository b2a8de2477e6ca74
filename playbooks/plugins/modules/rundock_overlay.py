#!/usr/bin/python
# Generated from the specification in modules/rundock_overlay, by
#     go test ./modules/rundock_overlay -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_overlay
short_description: Join a plain Docker host to a network of containers that spans hosts
description:
  - >-
    Makes this host's part of a routed VXLAN network, and a Docker network of the same name over it, to which
    C(docker run --network) and the I(networks) of the module rundock attach containers. They reach those of
    all other hosts of the network, at their own addresses.
  - >-
    An agent, C(rundockd overlay run) under runit, takes a part of the network for this host, follows the
    other hosts, and puts right what others change.
  - >-
    A second call changes nothing and executes nothing. Check mode reports what the call would do, kernel and
    firewall as C(ip), C(bridge) and C(nft) commands.
  - >-
    I(state=present) needs I(cidr) and I(vni); I(state=absent) needs I(name) and ignores the rest but I(force)
    and I(wait_timeout).
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - Docker, runit and rundockd on the host, as C(playbooks/site.yml) installs them; no Python
  - A kernel with VXLAN, bridges and nftables
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
        Name of the network, in Docker as well: 1 to 32 of C(a-z 0-9 _ -), the first a letter; C(bridge),
        C(default), C(host) and C(none) are Docker's own.
    type: str
    required: true
  state:
    description:
      - "C(present): this host takes part, now and after a boot."
      - >-
        C(absent): it does not, nothing of the network is left but the agent's log, and its subnet is free for
        others. Refused while containers are attached, unless I(force).
    type: str
    default: present
    choices:
      - present
      - absent
  cidr:
    description:
      - >-
        IPv4 network that is divided among the hosts, such as C(10.42.0.0/16). It must overlap nothing that
        the host has an address in or a route to.
    type: str
  subnet_length:
    description:
      - Prefix length of one host's part.
    type: int
    default: 24
  vni:
    description:
      - >-
        VXLAN network identifier, 1 to 16777215, the same on all hosts and for no other network. The devices
        are named after it: C(ovl7) and C(vx7).
    type: int
  underlay:
    description:
      - >-
        Interface, or an address of this host, by which the other hosts reach it; the private interface unless
        given. IPv6 works as well.
    type: str
  mtu:
    description:
      - "MTU inside the network; C(auto) is what the underlay leaves: 50 bytes less, or 70 over IPv6."
    type: str
    default: auto
  port:
    description:
      - UDP port of the underlay, the same on all hosts.
    type: int
    default: 4789
  encryption:
    description:
      - >-
        C(required) is refused by this release, with what the kernel lacks for it: nothing is sent in clear
        that should not be.
    type: str
    default: none
    choices:
      - none
      - required
  internal:
    description:
      - >-
        Containers reach each other, on all hosts, and their own host, whose DNS they ask; nothing else, and
        nobody else reaches them. The same on all hosts.
    type: bool
    default: false
  domains:
    description:
      - >-
        Domains of dnsd in which it looks, in this order, for names that containers of the network ask this
        host's dnsd for and that are in none of its zones, such as C(web): C(shop.s.prod.example.com).
    type: list
    elements: str
  peers:
    description:
      - All hosts of the network, this one as well, where there is no store to tell them of each other.
    type: list
    elements: dict
    suboptions:
      subnet:
        description:
          - The host's part of I(cidr).
        type: str
        required: true
      underlay:
        description:
          - Address at which the other hosts reach it.
        type: str
        required: true
  force:
    description:
      - >-
        With I(state=absent): take containers off the network, and go on where the store cannot be reached;
        then the subnet stays taken until a further call with C(state=absent) reaches it.
    type: bool
    default: false
  wait_timeout:
    description:
      - >-
        Seconds to wait until the network is up and other hosts are told so; also for another call at a
        network of this host.
    type: int
    default: 60
'''

EXAMPLES = r'''
---
- name: A network of all hosts, which the store tells of each other
  rundock_overlay:
    name: apps
    cidr: 10.42.0.0/16
    vni: 42

- name: Two hosts without a store
  rundock_overlay:
    name: pair
    cidr: 10.43.0.0/23
    vni: 43
    underlay: eth1
    peers:
      - {subnet: 10.43.0.0/24, underlay: 10.0.0.5}
      - {subnet: 10.43.1.0/24, underlay: 10.0.0.6}

- name: Leave it
  rundock_overlay:
    name: pair
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
    - installed
    - enabled
network:
  description:
    - How the network stands on this host after the call.
  returned: always
  type: dict
  contains:
    name:
      description:
        - Name of the network.
      returned: always
      type: str
      sample: apps
    state:
      description:
        - >-
          C(up); C(waiting), for what the agent's log says; C(fenced), cut off, as another host has its
          subnet; C(down), no agent runs; C(absent).
      returned: always
      type: str
      sample: up
    subnet:
      description:
        - This host's part; C(pending) before the agent has taken one.
      returned: with I(state=present)
      type: str
      sample: "10.42.3.0/24"
    gateway:
      description:
        - Address of the host in it, which containers have as their gateway; or C(pending).
      returned: with I(state=present)
      type: str
      sample: "10.42.3.1"
    mtu:
      description:
        - MTU inside the network.
      returned: with I(state=present)
      type: int
      sample: 1450
    devices:
      description:
        - The bridge, and the VXLAN device.
      returned: with I(state=present)
      type: list
      elements: str
      sample:
        - ovl42
        - vx42
    underlay:
      description:
        - Address by which other hosts reach this one.
      returned: with I(state=present)
      type: str
      sample: "10.0.0.5"
    peers:
      description:
        - How many other hosts are alive.
      returned: always
      type: int
      sample: 2
    alive:
      description:
        - Whether other hosts see this one.
      returned: always
      type: bool
'''
