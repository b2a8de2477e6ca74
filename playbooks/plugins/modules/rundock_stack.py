#!/usr/bin/python
# Generated from the specification in modules/rundock_stack, by
#     go test ./modules/rundock_stack -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock_stack
short_description: Plan the release of a stack of compose files, and lead its run
description:
  - >-
    Makes of compose files and of what all hosts say of themselves a release: which instances are where, and
    in which order hosts are changed. It changes no other host itself: role C(stack) calls it once for the
    whole site, and its action plugin carries out what it answers. C(playbooks/stack.yml) is what users call.
  - >-
    A run (I(step=run)) is several calls with one I(run): C(begin), C(wave) before each wave, C(commit),
    C(done), C(end); where something fails, C(fail), the waves of the way back, C(undone), C(end).
  - In check mode C(begin) is C(plan), and all other steps do nothing.
author:
  - "The authors of rundock (!UNKNOWN)"
requirements:
  - rundockd and rundock-stack on the host, as C(playbooks/site.yml) installs them; no Python
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
      - "Name of the stack: a DNS label."
    type: str
    required: true
  step:
    description:
      - >-
        C(plan): say what a run would do. C(begin): take the stack's lock and write the release, or say how to
        settle what an earlier run has left.
      - >-
        C(wave): I(wave) begins. C(commit): the release is current. C(done): what left is stopped. C(fail):
        say how the release is undone. C(undone): it is. C(end): give the lock back.
      - >-
        C(secrets): what secrets hold. C(pull): have I(images) on this host, whichever that is. C(build):
        build I(build) on this host, and push it.
      - >-
        C(run): do what a plan says, on all hosts. The action plugin does that, by the others of these steps
        and the modules that hosts need; the task is delegated to the host that leads.
    type: str
    default: plan
    choices:
      - plan
      - begin
      - wave
      - commit
      - done
      - fail
      - undone
      - end
      - secrets
      - pull
      - build
      - run
  run:
    description:
      - Any word that no other run has; needed but for C(plan), C(run), C(pull) and C(build).
    type: str
  who:
    description:
      - Who asks, for C(rundockd stack history) and for others who are refused meanwhile.
    type: str
  state:
    description:
      - "C(absent): the stack is to go, with its releases. Named volumes stay."
    type: str
    default: present
    choices:
      - present
      - absent
  compose:
    description:
      - >-
        Compose files on the machine that Ansible runs on, the later ones over the earlier ones. What they
        name is read there as well.
    type: list
    elements: str
  files:
    description:
      - "Set by the action plugin: the files that were read so far."
    type: dict
  trees:
    description:
      - "Set by the action plugin: what folders hold that images are built of."
    type: dict
  env:
    description:
      - "Variables for C(${NAME}) in the files; they win over C(.env) beside the first one."
    type: dict
  profiles:
    description:
      - "Services of other profiles are left out; C(*) is all."
    type: list
    elements: str
  scale:
    description:
      - Instances by service; they win over the files.
    type: dict
  configs:
    description:
      - What configs hold, by name; they win over the files.
    type: dict
  secrets:
    description:
      - What secrets hold, by name; they win over the files.
    type: dict
  strategy:
    description:
      - "Which of the hosts that would do gets an instance: the emptiest, the fullest, or any."
    type: str
    default: spread
    choices:
      - spread
      - binpack
      - random
  release:
    description:
      - >-
        A former release to go back to, instead of I(compose): its images by digest, variables, configs and
        secrets. Jobs do not run.
    type: int
  lost:
    description:
      - "Hosts that will not come back by themselves: what was there starts elsewhere."
    type: list
    elements: str
  rebalance:
    description:
      - Move instances that are better off elsewhere.
    type: bool
    default: false
  expect:
    description:
      - "Hash of the plan that was shown: with another one nothing is done."
    type: str
  hosts:
    description:
      - >-
        The C(facts) that M(rundock_info) returns, by host of the inventory; empty for one that cannot be
        reached.
    type: dict
  pool:
    description:
      - Where the stack's networks are taken from; C(10.192.0.0/11) unless given.
    type: str
  registry:
    description:
      - >-
        The image registry for images that are built, C(registry.example.com:5000) or with a path, or C(site),
        which is C(registry.s.prod.example.com:5000) by the names of the site; they are called
        I(registry)/I(name)/SERVICE. Without it none is built.
    type: str
    default: ""
  builder:
    description:
      - >-
        The host of the inventory that builds images; the first by name unless given, of those of the
        architecture that are not drained.
    type: str
    default: ""
  build:
    description:
      - >-
        With C(build): one of C(builds) of a plan, with C(time) in seconds, C(memory) in MiB and C(cpus). The
        action plugin sends its C(folder).
    type: dict
  timeout:
    description:
      - Seconds that an instance has to become well, and a job to end.
    type: int
    default: 300
  patience:
    description:
      - "Seconds until the run's next call at the most: then it is taken for dead, and gives its lock back."
    type: int
    default: 900
  wave:
    description:
      - "With C(wave): its C(number)."
    type: int
    default: 0
  why:
    description:
      - "With C(fail): why."
    type: str
    default: ""
  images:
    description:
      - "With C(pull): the images."
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Image reference.
        type: str
        required: true
      platform:
        description:
          - Its platform; the host's own unless given.
        type: str
        default: ""
      pull:
        description:
          - C(always), C(missing) or C(never); C(always) unless given.
        type: str
        default: ""
'''

EXAMPLES = r'''
---
- name: What a run of stack shop would do
  rundock_stack:
    name: shop
    compose: [stacks/shop/compose.yaml]
    hosts: "{{ site_facts }}"
  register: planned
  run_once: true
'''

RETURN = r'''
---
lines:
  description:
    - >-
      What becomes of each instance, for people: a head that counts, a line an instance, what is refused, the
      plan's hash.
  returned: always
  type: list
  elements: str
  sample:
    - "shop: release 7 from 6: 1 new, 2 replaced, 5 kept"
    - "web.1 node-back-1 replaced: image"
    - plan=0123456789abcdef
notes:
  description:
    - What is done otherwise than the files say, or than was wished for.
  returned: always
  type: list
  elements: str
plan:
  description:
    - The plan's hash, for I(expect).
  returned: always
  type: str
  sample: "0123456789abcdef"
release:
  description:
    - The release that is, or would be, rolled out; the current one where nothing is to be done.
  returned: always
  type: int
from:
  description:
    - "The release that it follows; 0: there was none."
  returned: always
  type: int
waves:
  description:
    - What hosts have to do, wave by wave, as arguments of M(rundock) and M(rundock_overlay).
  returned: with C(begin) and C(fail), else empty
  type: list
  elements: dict
settle:
  description:
    - >-
      The step that follows the waves, and then C(begin) again: they are those that an earlier run has left.
      With C(fail), the step that follows them.
  returned: always
  type: str
secret:
  description:
    - Files of C(waves) are secrets, and what they hold is told by C(secrets).
  returned: always
  type: bool
secrets:
  description:
    - What secrets hold, in base64.
  returned: with C(secrets)
  type: dict
error:
  description:
    - Why it failed; empty if it did not.
  returned: always
  type: str
pulled:
  description:
    - Images that the host did not have.
  returned: always
  type: list
  elements: str
key_from:
  description:
    - >-
      With C(plan), the host of the inventory whose C(/etc/rundock/stack.key) this one needs before it can
      plan; else empty.
  returned: always
  type: str
builds:
  description:
    - "Images that C(build) has to build before C(begin): their C(services), C(folder), C(host) and C(names)."
  returned: with C(plan), else empty
  type: list
  elements: dict
built:
  description:
    - The images by digest, one for each service.
  returned: with C(build), else empty
  type: list
  elements: str
contexts:
  description:
    - Folders that are needed still; the action plugin looks at them, and calls again.
  returned: always
  type: list
  elements: dict
wants:
  description:
    - Files that are needed still; the action plugin reads them, and calls again.
  returned: always
  type: list
  elements: str
'''
