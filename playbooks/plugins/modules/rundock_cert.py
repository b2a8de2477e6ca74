#!/usr/bin/python
# Generated from the specification in modules/rundock_cert, by
#     go test ./modules/rundock_cert -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_cert
short_description: Certificates of a host, signed by the site's authority, whose keys stay on the host
description:
  - >-
    Keeps the certificates below C(/etc/rundock/pki) of a host, and on one host of the site, below
    C(/etc/rundock/ca), the authority that signs them. Each key is made where it is used, and stays there.
  - >-
    A new certificate takes three calls: the host that needs it makes its key and returns a request, the host
    with the authority signs (I(state=signed)), and the first one installs what was signed. Where nothing is
    due, the first call says so, and the others are left out.
  - >-
    A certificate is good for a year. It is due for another when half of that is over, when its names, subject
    or profile are others, when another authority signs, and when it is damaged, expired or foreign.
  - The role C(trust) of C(playbooks/site.yml) makes these calls for all hosts of a play at once.
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
  state:
    description:
      - >-
        C(present): the host has I(certificates); a request is returned for each that is due, unless I(issued)
        has it. C(absent): it has none of them, nor their keys.
      - >-
        C(authority): the host has an authority; one is made where there is none. C(signed): I(requests) are
        signed by it.
    type: str
    default: present
    choices:
      - present
      - absent
      - authority
      - signed
  title:
    description:
      - "With I(state=authority): the name of one that is made, for people. Without it none is made."
    type: str
  rotate:
    description:
      - >-
        With I(state=authority): a step to another authority. C(begin): one is made, and believed beside the
        one that signs. C(sign): it signs from now on. C(end): the one of before is believed no more. Between
        two steps all hosts are to have what I(state=authority) returns; C(playbooks/rotate-ca.yml) sees to
        that.
    type: str
    choices:
      - begin
      - sign
      - end
  authority:
    description:
      - >-
        With I(state=present): the authority's certificates, PEM, as I(state=authority) returns them; the one
        that signs first. Without it, those that the host has.
    type: str
  certificates:
    description:
      - "With I(state=present) and I(state=absent): the certificates."
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - "What its files are called: C(NAME.crt) and C(NAME.key). Lower-case letters, digits and hyphens."
        type: str
        required: true
      subject:
        description:
          - >-
            Its common name, by which etcd knows a user, such as C(host:node-1). Required but with
            I(state=absent).
        type: str
      profile:
        description:
          - >-
            What it may be used for; C(peer) is both, as members of a cluster need. Required but with
            I(state=absent).
        type: str
        choices:
          - client
          - server
          - peer
      names:
        description:
          - DNS names and IP addresses of a server or peer; a client has none.
        type: list
        elements: str
      group:
        description:
          - The group that may read its key, besides root; it has to be there.
        type: str
  issued:
    description:
      - "With I(state=present): what was signed, PEM by name. What is not due is left alone."
    type: dict
  requests:
    description:
      - >-
        With I(state=signed): what hosts ask for. Of a request the key is taken, and nothing else: subject,
        profile and names are those given here.
    type: list
    elements: dict
    suboptions:
      host:
        description:
          - Whose it is, for the result.
        type: str
        required: true
      request:
        description:
          - The request, PEM, that I(state=present) returned.
        type: str
        required: true
      name:
        description:
          - "What its files are called: C(NAME.crt) and C(NAME.key). Lower-case letters, digits and hyphens."
        type: str
        required: true
      subject:
        description:
          - >-
            Its common name, by which etcd knows a user, such as C(host:node-1). Required but with
            I(state=absent).
        type: str
      profile:
        description:
          - >-
            What it may be used for; C(peer) is both, as members of a cluster need. Required but with
            I(state=absent).
        type: str
        choices:
          - client
          - server
          - peer
      names:
        description:
          - DNS names and IP addresses of a server or peer; a client has none.
        type: list
        elements: str
      group:
        description:
          - The group that may read its key, besides root; it has to be there.
        type: str
'''

EXAMPLES = r'''
---
- name: The authority of the site
  rundock_cert:
    state: authority
    title: rundock s.prod.example.com
  delegate_to: node-1
  run_once: true
  register: authority

- name: The certificate by which this host is known to the store
  rundock_cert:
    authority: "{{ authority.authority }}"
    certificates:
      - {name: host, subject: "host:{{ inventory_hostname }}", profile: client}
  register: asked

- name: The authority signs it, where it is due
  rundock_cert:
    state: signed
    requests:
      - {host: "{{ inventory_hostname }}", name: host, subject: "host:{{ inventory_hostname }}", profile: client, request: "{{ asked.requests.host }}"}
  delegate_to: node-1
  when: "'host' in asked.requests"
  register: signed

- name: And the host has it
  rundock_cert:
    authority: "{{ authority.authority }}"
    certificates:
      - {name: host, subject: "host:{{ inventory_hostname }}", profile: client}
    issued: "{{ signed.issued[inventory_hostname] }}"
  when: "'host' in asked.requests"
'''

RETURN = r'''
---
actions:
  description:
    - What was done, or in check mode would be, and why.
  returned: always
  type: list
  elements: str
  sample:
    - "certificate host asked for: half its life is over"
authority:
  description:
    - The authority's certificates, PEM. Empty in check mode where there is no authority yet.
  returned: with I(state=authority), else empty
  type: str
requests:
  description:
    - Requests, PEM by name. Empty in check mode.
  returned: with I(state=present), else empty
  type: dict
issued:
  description:
    - What was signed, PEM by host and name. Empty in check mode.
  returned: with I(state=signed), else empty
  type: dict
'''
