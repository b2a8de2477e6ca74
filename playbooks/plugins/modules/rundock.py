#!/usr/bin/python
# Generated from the specification in modules/rundock, by
#     go test ./modules/rundock -run TestDocsStub -update
# Documentation alone: the action plugin of the same name runs the module, a
# static binary that needs no Python on the host.

from __future__ import (absolute_import, division, print_function)
__metaclass__ = type

DOCUMENTATION = r'''
---
module: rundock
short_description: Run a container as a supervised, announced service of a plain Docker host
description:
  - Makes a container a runit service of the host, and announces it in DNS while it is well.
  - A second call changes nothing and executes nothing. Check mode reports what the call would do.
  - >-
    I(state=present), I(state=enabled) and I(state=restarted) need I(image), I(announce) or I(announces);
    I(state=disabled) and I(state=absent) need I(name), and I(colour) where the service has one, and ignore
    the rest; with I(stack) and I(slot) they leave what is not of that slot, with a warning.
author:
  - "The authors of rundock (!UNKNOWN)"
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
      - >-
        An announced one is a DNS label: C(a-z 0-9 -). None ends in C(.new), C(.old) or C(.check), as
        containers do that rundock makes beside a service's own, or is C(overlay).
    type: str
  colour:
    description:
      - >-
        Which of the service's two sets of instances this is. Both can be on a host at once, each on ports of
        its own; container and service directory are then called C(NAME-blue) and C(NAME-green), the instance
        C(HOST-blue) and C(HOST-green).
      - >-
        The active colour answers the service's name in DNS: the first that is announced, until
        M(rundock_switch) gives its traffic to the other one. It needs I(announce) or I(announces).
    type: str
    choices:
      - blue
      - green
  stack:
    description:
      - >-
        Stack that the service is a slot of, a DNS label: C(web.1) of C(shop) is C(1.web.shop) in the zone,
        and C(web.shop) all instances of it, wherever they are.
      - >-
        The container has the labels C(rundock.stack), C(rundock.slot), C(com.docker.compose.project) and
        C(com.docker.compose.service), and looks for short names in the stack first, unless
        I(dns_search_domains) is given. It needs I(slot) and, but for I(state=disabled) and I(state=absent),
        I(image); I(name) is then C(STACK-SERVICE-NUMBER), as C(shop-web-1).
    type: str
  slot:
    description:
      - "Service of the stack and number of the instance, from 1: C(web.1)."
    type: str
  role:
    description:
      - "Of a slot that two hosts have: the one with its lock in the store runs it."
    type: str
    choices:
      - main
      - standby
  aliases:
    description:
      - >-
        Further names of the slot's service in its stack: C(cache) is C(cache.shop) in the zone. It needs
        I(announce) or I(announces).
      - >-
        C(cache@back) leads to the container's address in the network C(back), and C(cache._back@back) is
        C(cache._back.shop).
    type: list
    elements: str
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
      - >-
        Image reference; C(app), C(app:latest) and C(docker.io/library/app) are the same. An image's ID
        (C(sha256:...)) is none. Without it, and with I(announce), only the announcement is made.
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
        Refused with C(--network none), where I(args) publish it as another port of the container than
        I(port), and as C(container) where the container has no address of its own: with C(--network host) and
        C(--network container:NAME).
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
          - >-
            Port that others connect to, as I(announce) is in the short form. The first announcement may have
            none: then an address alone is announced, while the container is healthy by its HEALTHCHECK or,
            without one, runs. Such a record has no SRV.
        type: int
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
            Seconds that the record outlives its sidecar, 5 to 86400; 15 unless given. Its TTL in DNS is a
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
        so; C(announced), its record is in the store.
      - A container without a HEALTHCHECK is C(healthy) when it is C(running), with a warning.
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
        Seconds that the call may take until the service is as C(wait) says. Pulling its image counts in it,
        and after that a pull is given up and nothing was changed.
      - Only a service that neither comes up nor fails uses all of it.
      - One that Docker calls unhealthy has failed, with C(wait=announced) unless other checks decide that.
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
  order:
    description:
      - >-
        C(start-first): the new container is started beside the one that runs, and takes its name and its
        record once it is well, within four fifths of I(wait_timeout); or it is removed, and the old one was
        never touched. C(README.md) says when that is refused.
    type: str
    default: stop-first
    choices:
      - stop-first
      - start-first
  adopt:
    description:
      - >-
        Whether a container of the service's name that rundock did not make is taken over, as of one who comes
        from C(docker_container) or compose. It has to be as it is asked for, or the call is refused and names
        each difference; C(modules/rundock/README.md) says what is compared.
      - >-
        It is stopped in its time and removed, and the service's own started in its place with the same
        volumes: Docker lets nobody change what rundock tells its containers by.
    type: bool
    default: false
  env_secret:
    description:
      - >-
        Environment variables whose values appear in no script, process list, diff, log or label. Each is in a
        file under C(env/) of the service directory that root alone reads.
      - >-
        Values are texts, taken as they are: what YAML takes for a number or a boolean has to stand in quotes.
        Another value replaces the container.
      - Its value is masked in all output.
    type: dict
  requires_mounts:
    description:
      - >-
        Paths of the host that must be mount points before the container is started, each time that it is.
        Until then it waits, and its status says for which.
    type: list
    elements: str
  job:
    description:
      - >-
        Whether the container runs once to its end. The call waits for that, unless I(wait=none), and fails
        where its exit code is not 0, with the last lines of its log. It stays as it ended, and is run again
        where it is another one, where it failed, and by I(state=restarted).
    type: bool
    default: false
  attempts:
    description:
      - How often a I(job) that fails is started again before it has failed.
    type: int
    default: 0
  rollback:
    description:
      - >-
        Whether a service that does not become what I(wait) says is brought back to what was so last: its
        files, and its image by ID, until the next call. A first install is stopped, and its files stay.
      - The call fails all the same, and says why, with the container's last log lines.
    type: bool
    default: false
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
  command:
    description:
      - >-
        The command, instead of the image's: a command line, split into words as a shell does, or a list of
        its words.
      - >-
        In I(args) it stands after C(--). C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the
        host's.
    type: raw
  entrypoint:
    description:
      - "Replaces the image's ENTRYPOINT: a command line, or a list of its words. An empty list removes it."
    type: raw
  env:
    description:
      - >-
        Environment variables. A value is a text: what YAML takes for something else (C(8086), C(022), C(yes),
        C(1.10)) has to stand in quotes.
      - C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the host's.
    type: dict
    aliases:
      - environment
  env_file:
    description:
      - Reads environment variables from a file of the host, at each start; --env wins over it.
      - "As C(--env-file) in I(args): an absolute path on the host."
    type: list
    elements: str
  user:
    description:
      - The user the container runs as.
      - "As C(--user) in I(args): name or uid, optionally :group or :gid."
    type: str
  groups:
    description:
      - A further group that the container's user is in.
      - "As C(--group-add) in I(args): the name or number of a group."
    type: list
    elements: str
    aliases:
      - group_add
  working_dir:
    description:
      - The working directory in the container.
      - "As C(--workdir) in I(args): an absolute path."
    type: str
    aliases:
      - workdir
  stop_signal:
    description:
      - The signal that asks the container to stop, instead of the image's.
      - "As C(--stop-signal) in I(args): a signal such as SIGQUIT, QUIT or 3."
    type: str
  init:
    description:
      - Runs an init in the container that forwards signals and reaps processes.
    type: bool
  healthcheck:
    description:
      - The container's health check, instead of the image's.
    type: dict
    suboptions:
      test:
        description:
          - >-
            A command for a shell in the container, or a list: C(CMD) and the words of a command that is run
            without a shell, C(CMD-SHELL) and a command for a shell, or C(NONE) for no check.
        type: raw
      interval:
        description:
          - The time between two checks.
          - "As C(--health-interval) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
        type: str
      timeout:
        description:
          - How long a check may take.
          - "As C(--health-timeout) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
        type: str
      retries:
        description:
          - How many failures in a row make the container unhealthy.
          - "As C(--health-retries) in I(args): a number of at least 1."
        type: int
      start_period:
        description:
          - How long failures do not count after the start.
          - "As C(--health-start-period) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
        type: str
      start_interval:
        description:
          - The time between two checks within the start period (Docker 25 and later).
          - "As C(--health-start-interval) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
        type: str
      disable:
        description:
          - Switches the image's health check off.
        type: bool
  labels:
    description:
      - A label of the container.
      - "As C(--label) in I(args): key=value or key; keys that begin with rundock. are rundock's own."
    type: dict
  annotations:
    description:
      - An annotation for the OCI runtime (Docker 24 and later).
      - "As C(--annotation) in I(args): key=value."
    type: dict
  log_options:
    description:
      - An option of Docker's local log driver, which rundock uses.
      - "As C(--log-opt) in I(args): max-size=10m, max-file=2, compress=true or compress=false."
    type: dict
    aliases:
      - log_opt
  platform:
    description:
      - The platform of the image, where it is not the host's own.
      - "As C(--platform) in I(args): linux/architecture[/variant], such as linux/arm64."
    type: str
  hostname:
    description:
      - The container's host name.
      - "As C(--hostname) in I(args): letters, digits, - _ and dots, at most 64 characters."
    type: str
  domainname:
    description:
      - The container's NIS domain name.
      - "As C(--domainname) in I(args): letters, digits, - _ and dots, at most 64 characters."
    type: str
  network_mode:
    description:
      - >-
        The network the container is in: C(bridge) (Docker's default), C(host), C(none), C(container:NAME) or
        the name of one. Beside I(networks) it is the first of them.
    type: str
  networks:
    description:
      - >-
        The networks the container is in, which somebody has made: their names, or more of each. The first one
        counts as I(network_mode).
      - >-
        An overlay network (module rundock_overlay) that is not there yet, as after a boot, is waited for; in
        one that is made anew the container is again.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the network.
        type: str
        required: true
      aliases:
        description:
          - Further names of the container in the network.
        type: list
        elements: str
      ipv4_address:
        description:
          - The container's IPv4 address, of the network's subnet.
        type: str
      ipv6_address:
        description:
          - The container's IPv6 address, of the network's subnet.
        type: str
      link_local_ips:
        description:
          - Link-local addresses of the container.
        type: list
        elements: str
      mac_address:
        description:
          - The container's MAC address; of a second network from Docker 25.
        type: str
      driver_opts:
        description:
          - Options for the network's driver.
        type: dict
      gw_priority:
        description:
          - The network with the highest number is the way out. From Docker 28.
        type: int
  mac_address:
    description:
      - The container's MAC address in the first network.
      - "As C(--mac-address) in I(args): six bytes such as 02:42:ac:11:00:02."
    type: str
  published_ports:
    description:
      - Publishes a port of the container on the host.
      - >-
        As C(--publish) in I(args): [ip:]host port:container port[/tcp|udp|sctp], where both may be ranges of
        one length and ip may be $PRIVATE_IP, $PUBLIC_IP or $ANNOUNCE_IP; IPv6 in brackets.
    type: list
    elements: str
    aliases:
      - ports
  exposed_ports:
    description:
      - Says that the container listens on a port; it publishes nothing.
      - "As C(--expose) in I(args): port[/tcp|udp|sctp], where port may be a range."
    type: list
    elements: str
    aliases:
      - exposed
      - expose
  etc_hosts:
    description:
      - >-
        Lines of the container's C(/etc/hosts): names, and the address of each, which may be C($PRIVATE_IP),
        C($PUBLIC_IP), C($ANNOUNCE_IP) or C(host-gateway).
    type: dict
    aliases:
      - extra_hosts
  dns_servers:
    description:
      - The resolvers, instead of those of the host's configuration.
      - "As C(--dns) in I(args): an ip address, $PRIVATE_IP, $PUBLIC_IP or $ANNOUNCE_IP."
    type: list
    elements: str
    aliases:
      - dns
  dns_search_domains:
    description:
      - A domain in which names are looked up.
      - "As C(--dns-search) in I(args): a domain name, or . for none."
    type: list
    elements: str
    aliases:
      - dns_search
  dns_opts:
    description:
      - An option of the container's resolv.conf.
      - "As C(--dns-option) in I(args): one of resolv.conf(5), such as ndots:1 or rotate."
    type: list
    elements: str
    aliases:
      - dns_opt
  volumes:
    description:
      - Mounts a directory or a volume.
      - >-
        As C(--volume) in I(args): /source:/target[:options], volume name:/target[:options] or /target;
        options ro, rw, z, Z, nocopy (volumes), shared, slave, private, rshared, rslave, rprivate
        (directories).
    type: list
    elements: str
  volume_driver:
    description:
      - The driver of the named volumes of -v that Docker makes.
      - "As C(--volume-driver) in I(args): the name of a volume driver."
    type: str
  volumes_from:
    description:
      - Mounts the volumes of another container.
      - "As C(--volumes-from) in I(args): container[:ro|:rw]."
    type: list
    elements: str
  mounts:
    description:
      - Mounts with settings that I(volumes) and I(tmpfs) have not.
    type: list
    elements: dict
    suboptions:
      target:
        description:
          - Path in the container. C($HOST) and the like are the host's.
        type: str
        required: true
      source:
        description:
          - >-
            A path of the host for C(bind); the name of a volume for C(volume), where none is an anonymous
            one. C($HOST) and the like are the host's.
        type: str
      type:
        description:
          - What is mounted; C(volume) unless given.
        type: str
        choices:
          - bind
          - volume
          - tmpfs
      read_only:
        description:
          - Mounts it read-only.
        type: bool
      propagation:
        description:
          - "For C(bind): propagation of mounts; C(rprivate) unless given."
        type: str
        choices:
          - private
          - rprivate
          - shared
          - rshared
          - slave
          - rslave
      non_recursive:
        description:
          - "For C(bind): leaves out what is mounted below the source."
        type: bool
      read_only_non_recursive:
        description:
          - "For C(bind): what is mounted below the source stays writable."
        type: bool
      read_only_force_recursive:
        description:
          - >-
            For C(bind): fails where what is mounted below the source cannot be made read-only. From Docker
            25.
        type: bool
      create_mountpoint:
        description:
          - "For C(bind): makes a source that is not there. From Docker 23."
        type: bool
      no_copy:
        description:
          - "For C(volume): does not fill a new volume with what the image has there."
        type: bool
      subpath:
        description:
          - "For C(volume): mounts this path of the volume. From Docker 26."
        type: str
      volume_driver:
        description:
          - "For C(volume): the driver of a volume that is made."
        type: str
      volume_options:
        description:
          - "For C(volume): options of the driver."
        type: dict
      labels:
        description:
          - "For C(volume): labels of a volume that is made."
        type: dict
      tmpfs_size:
        description:
          - "For C(tmpfs): its size, a number with an optional unit b, k, m, g, t."
        type: str
      tmpfs_mode:
        description:
          - "For C(tmpfs): its mode, an octal number in quotes such as C('1777')."
        type: str
  tmpfs:
    description:
      - Mounts a tmpfs.
      - >-
        As C(--tmpfs) in I(args): /target[:options]; options ro, rw, exec, noexec, suid, nosuid, dev, nodev,
        noatime, size=64m, mode=1777, uid=0, gid=0, nr_inodes=1k, nr_blocks=1k.
    type: list
    elements: str
  shm_size:
    description:
      - The size of the container's /dev/shm.
      - "As C(--shm-size) in I(args): a number with an optional unit b, k, m, g, t."
    type: str
  storage_opts:
    description:
      - An option of Docker's storage driver.
      - "As C(--storage-opt) in I(args): key=value, such as size=10g."
    type: dict
    aliases:
      - storage_opt
  read_only:
    description:
      - Mounts the container's root file system read-only.
    type: bool
  memory:
    description:
      - The limit of memory.
      - "As C(--memory) in I(args): a number with an optional unit b, k, m, g, t; at least 6m."
    type: str
    aliases:
      - mem_limit
  memory_reservation:
    description:
      - The memory that the container is pressed down to when the host is short of it.
      - "As C(--memory-reservation) in I(args): a number with an optional unit b, k, m, g, t; at least 6m."
    type: str
    aliases:
      - mem_reservation
  memory_swap:
    description:
      - The limit of memory and swap together; the same as --memory is no swap.
      - >-
        As C(--memory-swap) in I(args): a number with an optional unit b, k, m, g, t, not below --memory; or
        -1 for no limit.
    type: str
    aliases:
      - memswap_limit
  memory_swappiness:
    description:
      - How readily the container's memory is swapped (cgroup v1).
      - "As C(--memory-swappiness) in I(args): a number from 0 to 100."
    type: int
    aliases:
      - mem_swappiness
  oom_kill_disable:
    description:
      - >-
        Has the kernel not kill the container's processes for want of memory (cgroup v1). The alias
        I(oom_killer), which is community.docker's name, means the same: C(true) disables.
    type: bool
    aliases:
      - oom_killer
  oom_score_adj:
    description:
      - How readily the kernel kills the container when memory is short.
      - "As C(--oom-score-adj) in I(args): a number from -1000 to 1000; 0 is the default."
    type: int
  cpus:
    description:
      - The limit of processor time.
      - "As C(--cpus) in I(args): a decimal number of processors, at least 0.01."
    type: str
  cpu_shares:
    description:
      - The container's weight when processors are short; Docker's own is 1024.
      - "As C(--cpu-shares) in I(args): a number from 2 to 262144."
    type: int
  cpuset_cpus:
    description:
      - The processors the container may use.
      - "As C(--cpuset-cpus) in I(args): numbers and ranges such as 0-3,8."
    type: str
    aliases:
      - cpuset
  cpuset_mems:
    description:
      - The memory nodes the container may use.
      - "As C(--cpuset-mems) in I(args): numbers and ranges such as 0-3,8."
    type: str
  pids_limit:
    description:
      - The limit of processes and threads.
      - "As C(--pids-limit) in I(args): a number of at least 1; -1 or 0 is no limit, the default."
    type: int
  blkio_weight:
    description:
      - The container's weight when disks are busy.
      - "As C(--blkio-weight) in I(args): a number from 10 to 1000."
    type: int
  blkio_weight_device:
    description:
      - The same for one device.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the device on the host.
        type: str
        required: true
      weight:
        description:
          - A number from 10 to 1000.
        type: str
        required: true
  device_read_bps:
    description:
      - The limit of reading from a device, in bytes a second.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the device on the host.
        type: str
        required: true
      rate:
        description:
          - Bytes a second, with an optional unit b, k, m, g, t.
        type: str
        required: true
  device_write_bps:
    description:
      - The limit of writing to a device, in bytes a second.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the device on the host.
        type: str
        required: true
      rate:
        description:
          - Bytes a second, with an optional unit b, k, m, g, t.
        type: str
        required: true
  device_read_iops:
    description:
      - The limit of reading from a device, in operations a second.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the device on the host.
        type: str
        required: true
      rate:
        description:
          - Operations a second.
        type: str
        required: true
  device_write_iops:
    description:
      - The limit of writing to a device, in operations a second.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the device on the host.
        type: str
        required: true
      rate:
        description:
          - Operations a second.
        type: str
        required: true
  ulimits:
    description:
      - A resource limit of the processes.
      - >-
        As C(--ulimit) in I(args): name=soft[:hard], where name is one of core, cpu, data, fsize, locks,
        memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack and -1 is unlimited.
    type: list
    elements: str
  cgroup_parent:
    description:
      - The cgroup that the container's is made in.
      - "As C(--cgroup-parent) in I(args): a path of the cgroup file system, or a slice of systemd."
    type: str
  privileged:
    description:
      - Gives the container all capabilities and devices.
    type: bool
  capabilities:
    description:
      - Adds a Linux capability.
      - "As C(--cap-add) in I(args): ALL or a capability such as NET_ADMIN, with or without CAP_."
    type: list
    elements: str
    aliases:
      - cap_add
  cap_drop:
    description:
      - Drops a Linux capability.
      - "As C(--cap-drop) in I(args): ALL or a capability such as NET_RAW, with or without CAP_."
    type: list
    elements: str
  security_opts:
    description:
      - A security option.
      - >-
        As C(--security-opt) in I(args): no-new-privileges[=true|false],
        seccomp=unconfined|builtin|/profile.json on the host, apparmor=unconfined|profile,
        label=disable|user:...|role:...|type:...|level:..., systempaths=unconfined.
    type: list
    elements: str
    aliases:
      - security_opt
  sysctls:
    description:
      - A kernel parameter of the container's own namespaces.
      - >-
        As C(--sysctl) in I(args): name=value, where name is net.*, fs.mqueue.*, kernel.msg*, kernel.sem or
        kernel.shm*.
    type: dict
  devices:
    description:
      - Gives the container a device of the host.
      - "As C(--device) in I(args): /dev/host[:/dev/container][:permissions], where permissions are of r, w, m."
    type: list
    elements: str
  device_cgroup_rules:
    description:
      - A rule of the devices that the container may use.
      - "As C(--device-cgroup-rule) in I(args): type major:minor permissions, such as 'c 188:* rwm'."
    type: list
    elements: str
  device_requests:
    description:
      - Asks a device driver of Docker for devices, such as GPUs.
    type: list
    elements: dict
    suboptions:
      capabilities:
        description:
          - >-
            A list of capabilities, or a list that holds one such list. C(gpu) is always among them, except
            for the driver C(cdi).
        type: raw
      count:
        description:
          - "How many devices; C(-1) is all, and 1 unless I(device_requests[].device_ids) are given."
        type: int
      device_ids:
        description:
          - "Devices by their ids, instead of I(device_requests[].count)."
        type: list
        elements: str
      driver:
        description:
          - Name of the driver; unless given, the one that has the capabilities.
        type: str
      options:
        description:
          - Options of the driver.
        type: dict
  runtime:
    description:
      - The OCI runtime.
      - "As C(--runtime) in I(args): the name of a runtime that the daemon has."
    type: str
  cgroupns_mode:
    description:
      - The cgroup namespace.
    type: str
    choices:
      - host
      - private
  ipc_mode:
    description:
      - The IPC namespace.
      - "As C(--ipc) in I(args): none, private, shareable, host, container:NAME."
    type: str
    aliases:
      - ipc
  pid_mode:
    description:
      - The process namespace, instead of one of its own.
      - "As C(--pid) in I(args): host, container:NAME."
    type: str
    aliases:
      - pid
  userns_mode:
    description:
      - The user namespace, instead of the daemon's.
      - "As C(--userns) in I(args): host."
    type: str
  uts:
    description:
      - The namespace of the host name, instead of one of its own.
      - "As C(--uts) in I(args): host."
    type: str
  services:
    description:
      - >-
        Several services of the host in one call, which costs little more than one: each a dict of the other
        parameters.
      - >-
        I(state), I(pull), I(wait), I(wait_timeout), I(stop_timeout), I(drain), I(log), I(rollback), I(adopt)
        beside it are for each that does not have its own.
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
      colour:
        description:
          - As I(colour) of the module.
        type: str
        choices:
          - blue
          - green
      stack:
        description:
          - As I(stack) of the module.
        type: str
      slot:
        description:
          - As I(slot) of the module.
        type: str
      role:
        description:
          - As I(role) of the module.
        type: str
        choices:
          - main
          - standby
      aliases:
        description:
          - As I(aliases) of the module.
        type: list
        elements: str
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
              - >-
                Port that others connect to, as I(announce) is in the short form. The first announcement may
                have none: then an address alone is announced, while the container is healthy by its
                HEALTHCHECK or, without one, runs. Such a record has no SRV.
            type: int
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
                Seconds that the record outlives its sidecar, 5 to 86400; 15 unless given. Its TTL in DNS is a
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
      order:
        description:
          - As I(order) of the module.
        type: str
        choices:
          - stop-first
          - start-first
      adopt:
        description:
          - As I(adopt) of the module.
        type: bool
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
      job:
        description:
          - As I(job) of the module.
        type: bool
      attempts:
        description:
          - As I(attempts) of the module.
        type: int
      rollback:
        description:
          - As I(rollback) of the module.
        type: bool
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
      command:
        description:
          - As I(command) of the module.
        type: raw
      entrypoint:
        description:
          - As I(entrypoint) of the module.
        type: raw
      env:
        description:
          - As I(env) of the module.
        type: dict
        aliases:
          - environment
      env_file:
        description:
          - As I(env_file) of the module.
        type: list
        elements: str
      user:
        description:
          - As I(user) of the module.
        type: str
      groups:
        description:
          - As I(groups) of the module.
        type: list
        elements: str
        aliases:
          - group_add
      working_dir:
        description:
          - As I(working_dir) of the module.
        type: str
        aliases:
          - workdir
      stop_signal:
        description:
          - As I(stop_signal) of the module.
        type: str
      init:
        description:
          - As I(init) of the module.
        type: bool
      healthcheck:
        description:
          - As I(healthcheck) of the module.
        type: dict
        suboptions:
          test:
            description:
              - >-
                A command for a shell in the container, or a list: C(CMD) and the words of a command that is
                run without a shell, C(CMD-SHELL) and a command for a shell, or C(NONE) for no check.
            type: raw
          interval:
            description:
              - The time between two checks.
              - "As C(--health-interval) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
            type: str
          timeout:
            description:
              - How long a check may take.
              - "As C(--health-timeout) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
            type: str
          retries:
            description:
              - How many failures in a row make the container unhealthy.
              - "As C(--health-retries) in I(args): a number of at least 1."
            type: int
          start_period:
            description:
              - How long failures do not count after the start.
              - "As C(--health-start-period) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
            type: str
          start_interval:
            description:
              - The time between two checks within the start period (Docker 25 and later).
              - "As C(--health-start-interval) in I(args): a duration such as 500ms, 10s, 1m30s; at least 1ms."
            type: str
          disable:
            description:
              - Switches the image's health check off.
            type: bool
      labels:
        description:
          - As I(labels) of the module.
        type: dict
      annotations:
        description:
          - As I(annotations) of the module.
        type: dict
      log_options:
        description:
          - As I(log_options) of the module.
        type: dict
        aliases:
          - log_opt
      platform:
        description:
          - As I(platform) of the module.
        type: str
      hostname:
        description:
          - As I(hostname) of the module.
        type: str
      domainname:
        description:
          - As I(domainname) of the module.
        type: str
      network_mode:
        description:
          - As I(network_mode) of the module.
        type: str
      networks:
        description:
          - As I(networks) of the module.
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the network.
            type: str
            required: true
          aliases:
            description:
              - Further names of the container in the network.
            type: list
            elements: str
          ipv4_address:
            description:
              - The container's IPv4 address, of the network's subnet.
            type: str
          ipv6_address:
            description:
              - The container's IPv6 address, of the network's subnet.
            type: str
          link_local_ips:
            description:
              - Link-local addresses of the container.
            type: list
            elements: str
          mac_address:
            description:
              - The container's MAC address; of a second network from Docker 25.
            type: str
          driver_opts:
            description:
              - Options for the network's driver.
            type: dict
          gw_priority:
            description:
              - The network with the highest number is the way out. From Docker 28.
            type: int
      mac_address:
        description:
          - As I(mac_address) of the module.
        type: str
      published_ports:
        description:
          - As I(published_ports) of the module.
        type: list
        elements: str
        aliases:
          - ports
      exposed_ports:
        description:
          - As I(exposed_ports) of the module.
        type: list
        elements: str
        aliases:
          - exposed
          - expose
      etc_hosts:
        description:
          - As I(etc_hosts) of the module.
        type: dict
        aliases:
          - extra_hosts
      dns_servers:
        description:
          - As I(dns_servers) of the module.
        type: list
        elements: str
        aliases:
          - dns
      dns_search_domains:
        description:
          - As I(dns_search_domains) of the module.
        type: list
        elements: str
        aliases:
          - dns_search
      dns_opts:
        description:
          - As I(dns_opts) of the module.
        type: list
        elements: str
        aliases:
          - dns_opt
      volumes:
        description:
          - As I(volumes) of the module.
        type: list
        elements: str
      volume_driver:
        description:
          - As I(volume_driver) of the module.
        type: str
      volumes_from:
        description:
          - As I(volumes_from) of the module.
        type: list
        elements: str
      mounts:
        description:
          - As I(mounts) of the module.
        type: list
        elements: dict
        suboptions:
          target:
            description:
              - Path in the container. C($HOST) and the like are the host's.
            type: str
            required: true
          source:
            description:
              - >-
                A path of the host for C(bind); the name of a volume for C(volume), where none is an anonymous
                one. C($HOST) and the like are the host's.
            type: str
          type:
            description:
              - What is mounted; C(volume) unless given.
            type: str
            choices:
              - bind
              - volume
              - tmpfs
          read_only:
            description:
              - Mounts it read-only.
            type: bool
          propagation:
            description:
              - "For C(bind): propagation of mounts; C(rprivate) unless given."
            type: str
            choices:
              - private
              - rprivate
              - shared
              - rshared
              - slave
              - rslave
          non_recursive:
            description:
              - "For C(bind): leaves out what is mounted below the source."
            type: bool
          read_only_non_recursive:
            description:
              - "For C(bind): what is mounted below the source stays writable."
            type: bool
          read_only_force_recursive:
            description:
              - >-
                For C(bind): fails where what is mounted below the source cannot be made read-only. From
                Docker 25.
            type: bool
          create_mountpoint:
            description:
              - "For C(bind): makes a source that is not there. From Docker 23."
            type: bool
          no_copy:
            description:
              - "For C(volume): does not fill a new volume with what the image has there."
            type: bool
          subpath:
            description:
              - "For C(volume): mounts this path of the volume. From Docker 26."
            type: str
          volume_driver:
            description:
              - "For C(volume): the driver of a volume that is made."
            type: str
          volume_options:
            description:
              - "For C(volume): options of the driver."
            type: dict
          labels:
            description:
              - "For C(volume): labels of a volume that is made."
            type: dict
          tmpfs_size:
            description:
              - "For C(tmpfs): its size, a number with an optional unit b, k, m, g, t."
            type: str
          tmpfs_mode:
            description:
              - "For C(tmpfs): its mode, an octal number in quotes such as C('1777')."
            type: str
      tmpfs:
        description:
          - As I(tmpfs) of the module.
        type: list
        elements: str
      shm_size:
        description:
          - As I(shm_size) of the module.
        type: str
      storage_opts:
        description:
          - As I(storage_opts) of the module.
        type: dict
        aliases:
          - storage_opt
      read_only:
        description:
          - As I(read_only) of the module.
        type: bool
      memory:
        description:
          - As I(memory) of the module.
        type: str
        aliases:
          - mem_limit
      memory_reservation:
        description:
          - As I(memory_reservation) of the module.
        type: str
        aliases:
          - mem_reservation
      memory_swap:
        description:
          - As I(memory_swap) of the module.
        type: str
        aliases:
          - memswap_limit
      memory_swappiness:
        description:
          - As I(memory_swappiness) of the module.
        type: int
        aliases:
          - mem_swappiness
      oom_kill_disable:
        description:
          - As I(oom_kill_disable) of the module.
        type: bool
        aliases:
          - oom_killer
      oom_score_adj:
        description:
          - As I(oom_score_adj) of the module.
        type: int
      cpus:
        description:
          - As I(cpus) of the module.
        type: str
      cpu_shares:
        description:
          - As I(cpu_shares) of the module.
        type: int
      cpuset_cpus:
        description:
          - As I(cpuset_cpus) of the module.
        type: str
        aliases:
          - cpuset
      cpuset_mems:
        description:
          - As I(cpuset_mems) of the module.
        type: str
      pids_limit:
        description:
          - As I(pids_limit) of the module.
        type: int
      blkio_weight:
        description:
          - As I(blkio_weight) of the module.
        type: int
      blkio_weight_device:
        description:
          - As I(blkio_weight_device) of the module.
        type: list
        elements: dict
        suboptions:
          path:
            description:
              - Path of the device on the host.
            type: str
            required: true
          weight:
            description:
              - A number from 10 to 1000.
            type: str
            required: true
      device_read_bps:
        description:
          - As I(device_read_bps) of the module.
        type: list
        elements: dict
        suboptions:
          path:
            description:
              - Path of the device on the host.
            type: str
            required: true
          rate:
            description:
              - Bytes a second, with an optional unit b, k, m, g, t.
            type: str
            required: true
      device_write_bps:
        description:
          - As I(device_write_bps) of the module.
        type: list
        elements: dict
        suboptions:
          path:
            description:
              - Path of the device on the host.
            type: str
            required: true
          rate:
            description:
              - Bytes a second, with an optional unit b, k, m, g, t.
            type: str
            required: true
      device_read_iops:
        description:
          - As I(device_read_iops) of the module.
        type: list
        elements: dict
        suboptions:
          path:
            description:
              - Path of the device on the host.
            type: str
            required: true
          rate:
            description:
              - Operations a second.
            type: str
            required: true
      device_write_iops:
        description:
          - As I(device_write_iops) of the module.
        type: list
        elements: dict
        suboptions:
          path:
            description:
              - Path of the device on the host.
            type: str
            required: true
          rate:
            description:
              - Operations a second.
            type: str
            required: true
      ulimits:
        description:
          - As I(ulimits) of the module.
        type: list
        elements: str
      cgroup_parent:
        description:
          - As I(cgroup_parent) of the module.
        type: str
      privileged:
        description:
          - As I(privileged) of the module.
        type: bool
      capabilities:
        description:
          - As I(capabilities) of the module.
        type: list
        elements: str
        aliases:
          - cap_add
      cap_drop:
        description:
          - As I(cap_drop) of the module.
        type: list
        elements: str
      security_opts:
        description:
          - As I(security_opts) of the module.
        type: list
        elements: str
        aliases:
          - security_opt
      sysctls:
        description:
          - As I(sysctls) of the module.
        type: dict
      devices:
        description:
          - As I(devices) of the module.
        type: list
        elements: str
      device_cgroup_rules:
        description:
          - As I(device_cgroup_rules) of the module.
        type: list
        elements: str
      device_requests:
        description:
          - As I(device_requests) of the module.
        type: list
        elements: dict
        suboptions:
          capabilities:
            description:
              - >-
                A list of capabilities, or a list that holds one such list. C(gpu) is always among them,
                except for the driver C(cdi).
            type: raw
          count:
            description:
              - "How many devices; C(-1) is all, and 1 unless I(device_requests[].device_ids) are given."
            type: int
          device_ids:
            description:
              - "Devices by their ids, instead of I(device_requests[].count)."
            type: list
            elements: str
          driver:
            description:
              - Name of the driver; unless given, the one that has the capabilities.
            type: str
          options:
            description:
              - Options of the driver.
            type: dict
      runtime:
        description:
          - As I(runtime) of the module.
        type: str
      cgroupns_mode:
        description:
          - As I(cgroupns_mode) of the module.
        type: str
        choices:
          - host
          - private
      ipc_mode:
        description:
          - As I(ipc_mode) of the module.
        type: str
        aliases:
          - ipc
      pid_mode:
        description:
          - As I(pid_mode) of the module.
        type: str
        aliases:
          - pid
      userns_mode:
        description:
          - As I(userns_mode) of the module.
        type: str
      uts:
        description:
          - As I(uts) of the module.
        type: str
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
      type: str
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
        - Its records in the store.
      returned: always
      type: list
      elements: dict
      contains:
        key:
          description:
            - Key in the store.
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
      returned: if its sidecar gives one
      type: str
'''
