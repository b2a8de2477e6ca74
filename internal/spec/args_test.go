package spec

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kballard/go-shellquote"
)

func TestParseArgs(t *testing.T) {
	health := func(h Healthcheck) Container { return Container{Healthcheck: &h} }
	cases := []struct {
		args string
		want Container
	}{
		{``, Container{}},
		{"  \n\t", Container{}},

		// The classic calls.
		{`--volumes-from data.influxdb -p $PRIVATE_IP:8083:8083`,
			Container{VolumesFrom: []string{"data.influxdb"}, Ports: []string{"$PRIVATE_IP:8083:8083"}}},
		{`-e INFLUXDB_HOST=influxdb.s.prod.example.com -e INFLUXDB_PORT=8086 -e INFLUXDB_NAME=cluster -e INFLUXDB_USER=root`,
			Container{Env: map[string]string{"INFLUXDB_HOST": "influxdb.s.prod.example.com", "INFLUXDB_PORT": "8086", "INFLUXDB_NAME": "cluster", "INFLUXDB_USER": "root"}}},

		// Words and spellings.
		{`-p 80:80`, Container{Ports: []string{"80:80"}}},
		{`-p80:80`, Container{Ports: []string{"80:80"}}},
		{`-p=80:80`, Container{Ports: []string{"80:80"}}},
		{`--publish 80:80`, Container{Ports: []string{"80:80"}}},
		{`--publish=80:80`, Container{Ports: []string{"80:80"}}},
		{"-p 80:80 \\\n  -p 81:81\n", Container{Ports: []string{"80:80", "81:81"}}},
		{`-eA=b -e=C=d -e 'E=f g' --env="H='i' \"j\" \$K" -e L=m\ n -e O=`,
			Container{Env: map[string]string{"A": "b", "C": "d", "E": "f g", "H": `'i' "j" $K`, "L": "m n", "O": ""}}},
		{`-e A=b=c -e discovery.type=single-node -e Logging:Level=x`, Container{Env: map[string]string{"A": "b=c", "discovery.type": "single-node", "Logging:Level": "x"}}},
		{"-e 'A=two\nlines'", Container{Env: map[string]string{"A": "two\nlines"}}},
		{`-e A='$(id) ${X} $PRIVATE_IP'`, Container{Env: map[string]string{"A": "$(id) ${X} $PRIVATE_IP"}}},
		{`-- serve --port 80 -- ''`, Container{Command: []string{"serve", "--port", "80", "--", ""}}},
		{`--init -- -p 80:80`, Container{Init: true, Command: []string{"-p", "80:80"}}},
		{`--init --`, Container{Init: true}},

		// Ports.
		{`-p 80:80/tcp -p 53:53/UDP -p 9:9/sctp`, Container{Ports: []string{"80:80", "53:53/udp", "9:9/sctp"}}},
		{`-p 080:0080`, Container{Ports: []string{"80:80"}}},
		{`-p 8000-8003:9000-9003 -p 7000-7000:7`, Container{Ports: []string{"8000-8003:9000-9003", "7000:7"}}},
		{`-p 127.0.0.1:80:80 -p 127.0.0.1:81:81`, Container{Ports: []string{"127.0.0.1:80:80", "127.0.0.1:81:81"}}},
		{`-p [::1]:80:80 -p [2001:DB8:0:0::1]:80:80`, Container{Ports: []string{"[::1]:80:80", "[2001:db8::1]:80:80"}}},
		{`-p ${PUBLIC_IP}:80:80 -p '$ANNOUNCE_IP:81:81'`, Container{Ports: []string{"$PUBLIC_IP:80:80", "$ANNOUNCE_IP:81:81"}}},
		{`-p 80:80 -p 80:80/tcp`, Container{Ports: []string{"80:80"}}},
		{`-p 80:80 -p 80:80/udp`, Container{Ports: []string{"80:80", "80:80/udp"}}},
		{`-p 127.0.0.1:80:80 -p 127.0.0.2:80:80`, Container{Ports: []string{"127.0.0.1:80:80", "127.0.0.2:80:80"}}},
		{`-p 0.0.0.0:80:80 -p [::]:80:80`, Container{Ports: []string{"0.0.0.0:80:80", "[::]:80:80"}}},
		{`-p $PRIVATE_IP:80:80 -p $PUBLIC_IP:80:80`, Container{Ports: []string{"$PRIVATE_IP:80:80", "$PUBLIC_IP:80:80"}}},

		// Mounts and devices.
		{`-v /srv/a/:/data/./x -v vol:/vol -v /anon/`, Container{Volumes: []string{"/srv/a:/data/x", "vol:/vol", "/anon"}}},
		{`-v /a:/a:rw -v /b:/b:rshared,Z,ro -v vol:/c:nocopy,rw,z`, Container{Volumes: []string{"/a:/a", "/b:/b:ro,Z,rshared", "vol:/c:z,nocopy"}}},
		{`-v /srv/$HOST:/data -v data-${HOST}:/more`, Container{Volumes: []string{"/srv/$HOST:/data", "data-${HOST}:/more"}}},
		{`--volumes-from a:ro --volumes-from b:rw`, Container{VolumesFrom: []string{"a:ro", "b"}}},
		{`--tmpfs /run --tmpfs /tmp:size=64m,mode=1777,noexec`, Container{Tmpfs: map[string]string{"/run": "", "/tmp": "size=64m,mode=1777,noexec"}}},
		{`--device /dev/fuse --device /dev/sda:/dev/sda:mwr --device /dev/a:/dev/b --device /dev/c:rw`,
			Container{Devices: []string{"/dev/fuse", "/dev/sda", "/dev/a:/dev/b", "/dev/c:/dev/c:rw"}}},

		// Network and names.
		{`--network host`, Container{Network: "host"}},
		{`--net=container:web`, Container{Network: "container:web"}},
		{`--network bridge`, Container{}},
		{`--network a --net b --network a`, Container{Network: "a", Networks: []Network{{Name: "b"}}}},
		{`--network-alias x --network name=a,alias=y,gw-priority=1 --ip 10.0.0.1 --ip6 FD00::1 --link-local-ip 169.254.0.1 --mac-address 02-42-AC-11-00-02`,
			Container{Network: "a", Endpoint: &Network{Aliases: []string{"x", "y"}, IPv4: "10.0.0.1", IPv6: "fd00::1", LinkLocalIPs: []string{"169.254.0.1"}, MAC: "02:42:ac:11:00:02", Priority: 1}}},
		{`--network a --network name=b,ip=10.0.0.2,driver-opt=x=y,alias=c,alias=d`,
			Container{Network: "a", Networks: []Network{{Name: "b", Aliases: []string{"c", "d"}, IPv4: "10.0.0.2", DriverOptions: map[string]string{"x": "y"}}}}},
		{`--mac-address 02:42:ac:11:00:02`, Container{Endpoint: &Network{MAC: "02:42:ac:11:00:02"}}},
		{`-h node-$HOST.example.com`, Container{Hostname: "node-$HOST.example.com"}},
		{`--add-host db:10.0.0.1 --add-host=six=[::1] --add-host gw:host-gateway --add-host me:${PRIVATE_IP} --add-host s:::2`,
			Container{ExtraHosts: []string{"db:10.0.0.1", "six:::1", "gw:host-gateway", "me:$PRIVATE_IP", "s:::2"}}},
		{`--dns 10.0.0.2 --dns $PRIVATE_IP --dns 0::1`, Container{DNS: []string{"10.0.0.2", "$PRIVATE_IP", "::1"}}},
		{`--env-file /etc/app//env`, Container{EnvFiles: []string{"/etc/app/env"}}},
		{`-l a=b --label c -l d='e f' -l g=`, Container{Labels: map[string]string{"a": "b", "c": "", "d": "e f", "g": ""}}},

		// The process and its limits.
		{`-u 1000:1000 -w /srv/`, Container{User: "1000:1000", Workdir: "/srv"}},
		{`--entrypoint /bin/sh`, Container{Entrypoint: []string{"/bin/sh"}}},
		{`--entrypoint ''`, Container{Entrypoint: []string{""}}},
		{`-m 512m`, Container{Memory: 512 << 20}},
		{`--memory=1.5GiB`, Container{Memory: 3 << 29}},
		{`-m 6291456`, Container{Memory: 6 << 20}},
		{`-m 1g --memory-swap 1g --memory-reservation 512m --memory-swappiness 0`,
			Container{Memory: 1 << 30, MemorySwap: 1 << 30, MemoryReservation: 512 << 20, MemorySwappiness: new(int)}},
		{`--memory-swap -1 --oom-kill-disable --oom-score-adj -500 --shm-size 1g`, Container{MemorySwap: -1, OOMKillDisable: true, OOMScoreAdj: -500, ShmSize: 1 << 30}},
		{`--pids-limit -1`, Container{}},
		{`--pids-limit 100 -c 512 --cpuset-cpus 2,0,1,7-8,5 --cpuset-mems 0-0 --blkio-weight 300`,
			Container{PidsLimit: 100, CPUShares: 512, CPUSetCPUs: "0-2,5,7-8", CPUSetMems: "0", BlkioWeight: 300}},
		{`--blkio-weight-device /dev/sda:200 --device-read-bps /dev/sda:1m --device-write-bps /dev/sda:1048576 --device-read-iops /dev/sda:10 --device-write-iops /dev//sdb:10`,
			Container{BlkioWeightDevice: map[string]string{"/dev/sda": "200"}, DeviceReadBps: map[string]string{"/dev/sda": "1048576"}, DeviceWriteBps: map[string]string{"/dev/sda": "1048576"},
				DeviceReadIOps: map[string]string{"/dev/sda": "10"}, DeviceWriteIOps: map[string]string{"/dev/sdb": "10"}}},
		{`--cgroup-parent /apps --cgroupns host --ipc container:a --pid host --userns host --uts host --runtime runsc --platform Linux/ARM64`,
			Container{CgroupParent: "/apps", Cgroupns: "host", IPC: "container:a", PID: "host", Userns: "host", UTS: "host", Runtime: "runsc", Platform: "linux/arm64"}},
		{`--security-opt no-new-privileges:true --security-opt seccomp=unconfined --security-opt label:type:x_t --security-opt apparmor:unconfined --security-opt systempaths=unconfined`,
			Container{SecurityOpt: []string{"no-new-privileges", "seccomp=unconfined", "label=type:x_t", "apparmor=unconfined", "systempaths=unconfined"}}},
		{`--sysctl net.core.somaxconn=1024 --sysctl 'kernel.sem=1 2 3 4'`, Container{Sysctls: map[string]string{"net.core.somaxconn": "1024", "kernel.sem": "1 2 3 4"}}},
		{`--group-add video --group-add 44 --stop-signal quit`, Container{GroupAdd: []string{"video", "44"}, StopSignal: "SIGQUIT"}},
		{`--stop-signal 15`, Container{StopSignal: "SIGTERM"}},
		{`--stop-signal 37`, Container{StopSignal: "SIGRTMIN+3"}},
		{`--stop-signal SIGRTMIN+30`, Container{StopSignal: "SIGRTMAX"}},
		{`--annotation a.b=c --storage-opt size=10g`, Container{Annotations: map[string]string{"a.b": "c"}, StorageOpt: map[string]string{"size": "10g"}}},
		{`--device-cgroup-rule 'c  188:* mr'`, Container{DeviceCgroupRules: []string{"c 188:* rm"}}},
		{`--gpus all`, Container{DeviceRequests: []DeviceRequest{{Count: -1, Capabilities: []string{"gpu"}}}}},
		{`--gpus '2,"capabilities=utility,compute"'`, Container{DeviceRequests: []DeviceRequest{{Count: 2, Capabilities: []string{"compute", "gpu", "utility"}}}}},
		{`--gpus '"device=0,1",driver=nvidia,options=a=b'`,
			Container{DeviceRequests: []DeviceRequest{{Driver: "nvidia", IDs: []string{"0", "1"}, Capabilities: []string{"gpu"}, Options: map[string]string{"a": "b"}}}}},
		{`--gpus driver=cdi,device=vendor.com/class=name`, Container{DeviceRequests: []DeviceRequest{{Driver: "cdi", IDs: []string{"vendor.com/class=name"}}}}},
		{`--mount type=bind,src=/srv/$HOST/,dst=/data,ro,bind-propagation=rprivate,bind-recursive=writable`,
			Container{Mounts: []Mount{{Type: "bind", Source: "/srv/$HOST", Target: "/data", ReadOnly: true, Recursive: "writable"}}}},
		{`--mount 'source=vol,destination=/data,volume-nocopy,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=10.0.0.1,rw",volume-label=a=b,volume-subpath=x//y'`,
			Container{Mounts: []Mount{{Type: "volume", Source: "vol", Target: "/data", NoCopy: true, Subpath: "x/y", Driver: "local",
				DriverOptions: map[string]string{"type": "nfs", "o": "addr=10.0.0.1,rw"}, Labels: map[string]string{"a": "b"}}}}},
		{`--mount type=tmpfs,target=/run,tmpfs-size=64m,tmpfs-mode=01777`, Container{Mounts: []Mount{{Type: "tmpfs", Target: "/run", Size: 64 << 20, Mode: "1777"}}}},
		{`--volume-driver local --expose 80 --expose 90-91/UDP`, Container{VolumeDriver: "local", Expose: []string{"80", "90-91/udp"}}},
		{`--dns-search Example.COM. --dns-search . --dns-opt ndots:1 --dns-option rotate --domainname example.com`,
			Container{DNSSearch: []string{"example.com", "."}, DNSOptions: []string{"ndots:1", "rotate"}, Domainname: "example.com"}},
		{`--cpus 1.50`, Container{CPUs: "1.5"}},
		{`--cpus .5`, Container{CPUs: "0.5"}},
		{`--cpus 02.0`, Container{CPUs: "2"}},
		{`--ulimit nofile=1024:2048 --ulimit core=0:0 --ulimit memlock=-1`, Container{Ulimits: []string{"nofile=1024:2048", "core=0", "memlock=-1"}}},
		{`--cap-add cap_net_admin --cap-add NET_ADMIN --cap-drop all`, Container{CapAdd: []string{"NET_ADMIN"}, CapDrop: []string{"ALL"}}},
		{`--privileged --read-only=true --init=false`, Container{Privileged: true, ReadOnly: true}},

		// Health and log.
		{`--health-cmd 'curl -f http://localhost/ || exit 1' --health-interval 90s --health-timeout=1500ms --health-start-period 1m --health-start-interval 0.5s --health-retries 3`,
			health(Healthcheck{Command: "curl -f http://localhost/ || exit 1", Interval: "1m30s", Timeout: "1.5s", StartPeriod: "1m0s", StartInterval: "500ms", Retries: 3})},
		{`--no-healthcheck`, health(Healthcheck{Disable: true})},
		{`--no-healthcheck=false`, Container{}},
		{`--log-opt max-size=10m --log-opt max-file=1 --log-opt compress=0`, Container{LogOptions: map[string]string{"max-size": "10485760", "max-file": "1", "compress": "false"}}},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			got, err := ParseArgs(c.args)
			if err != nil {
				t.Fatalf("ParseArgs(%q): %v", c.args, err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("ParseArgs(%q)\n got %s\nwant %s", c.args, asJSON(got), asJSON(c.want))
			}
			if got.Hash() != c.want.Hash() {
				t.Errorf("ParseArgs(%q) has another hash than its equal", c.args)
			}
		})
	}
}

// Each line of an error case holds the flag, the value and what is wrong.
func TestParseArgs_errors_name_flag_and_value(t *testing.T) {
	cases := []struct{ args, want string }{
		// Words.
		{`-e 'A=b`, `args: a single quote (') is opened but not closed; a literal one is written \'`},
		{`-e "A=b`, `args: a double quote (") is opened but not closed`},
		{`-p 80:80 \`, `args: ends in a backslash`},
		{"-l a=\xff", "args: not valid UTF-8"},
		{"-l a=\x00", "args: holds a NUL character"},
		{"-e A=" + strings.Repeat("x", 128<<10-2), "args: -e A: it has 131072 bytes with its name, and Linux starts no program with more than 131071 in a variable"},
		{`influxd -config x`, `args: unexpected word influxd: a command goes after --`},
		{`-p 80:80 influxdb:latest`, `args: unexpected word influxdb:latest: a command goes after --, and the image is the parameter image`},
		{`-`, `args: unexpected word -: a command goes after --`},
		{`''`, `args: unexpected word '': a command goes after --`},
		{`--init true`, `args: unexpected word true: --init takes no value, or one after an equals sign`},
		{`–p 80:80`, `is a typographic dash`},
		{`-p`, `args: -p: its value is missing; allowed: [ip:]`},
		{`--publish -- serve`, `args: --publish: its value is missing`},
		{`--init=maybe`, `args: --init=maybe: neither true nor false`},

		// Flags.
		{`--restart always`, `args: --restart is not taken: runit restarts the container`},
		{`--rm`, `args: --rm is not taken: rundock itself removes the container`},
		{`-d`, `args: -d is not taken: runit keeps the container in the background`},
		{`--detach=true`, `args: --detach is not taken: runit`},
		{`--name x`, `args: --name is not taken: it is the parameter name`},
		{`-it`, `args: -i, -t are not taken: a service has no terminal`},
		{`-ti`, `args: -t, -i are not taken: a service has no terminal`},
		{`--log-driver syslog`, `args: --log-driver is not taken: rundock uses Docker's local driver`},
		{`--pull always`, `args: --pull is not taken: it is the parameter pull`},
		{`--stop-timeout 3`, `args: --stop-timeout is not taken: it is the parameter stop_timeout`},
		{`--umask 022`, `args: --umask is not taken: Docker's API has it from 1.56`},
		{`-P`, `args: -P is not taken: Docker would choose other ports of the host at each start; name them by -p`},
		{`-p 80`, `args: -p 80: Docker would choose another port of the host at each start; name it, as in 80:80; allowed: `},
		{`-p 127.0.0.1::81/udp`, `name it, as in 127.0.0.1:81:81/udp`},
		{`-p 8000-8003:80`, `Docker would choose another port of the range at each start; name one port for one`},
		{`docker run -itd --name web --restart unless-stopped --rm -p 80:80 nginx:latest nginx -g 'daemon off; hunter2'`,
			`args: -i, -t are not taken: a service has no terminal; -d is not taken: runit keeps the container in the background; ` +
				`--name is not taken: it is the parameter name; --restart is not taken: runit restarts the container; ` +
				`--rm is not taken: rundock itself removes the container that it replaces, with its anonymous volumes; ` +
				`docker run: args holds its flags alone; unexpected word nginx:latest: a command goes after --, and the image is the parameter image`},
		{`-dp 80:80 --restart=always -u '' --frob x -m 1 nginx`,
			`args: -d is not taken: runit keeps the container in the background; --restart is not taken: runit restarts the container; ` +
				`-u '': empty; leave it out; allowed: name or uid, optionally :group or :gid; unknown flag --frob; a flag of the program in the container goes after --; ` +
				`-m 1: less than 6m; for no limit leave it away; allowed: a number with an optional unit b, k, m, g, t; at least 6m; unexpected word nginx: `},
		{`--path.rootfs=/host`, `args: unknown flag --path.rootfs; a flag of the program in the container goes after --`},
		{`--enviroment A=hunter2`, `args: unknown flag --enviroment: it is --env; a flag of the program`},
		{`--port 80:80`, `args: unknown flag --port: a port is published by -p and announced by the parameter announce; a flag of the program`},
		{`--gpus device=0,1`, `args: --gpus device=0,1: a list stands in double quotes within single ones, as in --gpus '"device=0,1"'`},
		{`--gpus driver=nvidia,capabilities=gpu,utility,count=1`, `as in --gpus '"capabilities=gpu,utility"'`},
		{`-v /a:/b:cached`, `args: -v /a:/b:cached: cached is for Docker Desktop on a Mac, and does nothing on Linux: leave it out`},
		{`--mount type=bind,source=/a,target=/b,consistency=cached`, `consistency cached: it is for Docker Desktop on a Mac, and does nothing on Linux: leave it out`},
		{`-m ''`, `args: -m '': empty; leave it out; allowed: a number`},
		{`--pubish 80:80`, `args: unknown flag --pubish; did you mean --publish?`},
		{`--volumes_from x`, `args: unknown flag --volumes_from; did you mean --volumes-from?`},
		{`--Env A=b`, `args: unknown flag --Env; did you mean --env?`},
		{`--restrat always`, `args: unknown flag --restrat; did you mean --restart?`},
		{`-publish 80:80`, `args: unknown flag -publish; did you mean --publish?`},
		{`-restart=always`, `args: unknown flag -restart; did you mean --restart?`},
		{`--p 80:80`, `args: unknown flag --p; did you mean -p?`},
		{`--frobnicate`, `args: unknown flag --frobnicate`},
		{`-x`, `args: unknown flag -x`},
		{`-ü`, `args: unknown flag -ü`},
		{`--=x`, `args: unknown flag --`},
		{`-=x`, `args: unknown flag -=`},

		// Twice.
		{`-u a -u a`, `args: -u is given twice`},
		{`--ip 10.0.0.1 --ip 10.0.0.1`, `args: --ip is given twice`},
		{`--memory 1g -m 2g`, `args: -m is given twice`},
		{`--init --init`, `args: --init is given twice`},
		{`-e A=secret -e A=other`, `args: -e A: A is given twice, with different values`},
		{`-l a=b -l a=c`, `args: -l a=c: a is given twice, with different values`},
		{`--tmpfs /run --tmpfs /run:ro`, `args: --tmpfs /run:ro: /run is given twice, with different values`},

		// Ports.
		{`-p 99999:80`, `args: -p 99999:80: host port: 99999 is not a number from 1 to 65535; allowed: [ip:]host port:container port[/tcp|udp|sctp]`},
		{`-p 80:0`, `args: -p 80:0: container port: 0 is not a number from 1 to 65535`},
		{`-p 80:`, `args: -p 80:: container port: '' is not a number`},
		{`-p +80:80`, `args: -p +80:80: host port: +80 is not a number`},
		{`-p 80:80/icmp`, `args: -p 80:80/icmp: icmp is not a protocol`},
		{`-p 80/`, `args: -p 80/: '' is not a protocol`},
		{`-p 90-80:80`, `args: -p 90-80:80: host port: the range 90-80 ends before it begins`},
		{`-p 80-81:80-82`, `args: -p 80-81:80-82: 2 host ports for 3 container ports`},
		{`-p 80:80-82`, `args: -p 80:80-82: 1 host ports for 3 container ports`},
		{`-p 300.1.1.1:80:80`, `args: -p 300.1.1.1:80:80: 300.1.1.1 is not an ip address`},
		{`-p node:80:80`, `args: -p node:80:80: node is not an ip address`},
		{`-p ::1:80:80`, `args: -p ::1:80:80: more than three parts; an IPv6 address stands in brackets`},
		{`-p [::1]:80`, `args: -p '[::1]:80': not of the form [IPv6]:host port:container port`},
		{`-p [127.0.0.1]:80:80`, `not of the form [IPv6]`},
		{`-p [fe80::1%eth0]:80:80`, `is not an ip address`},
		{`-p $PRIVAT_IP:80:80`, `$PRIVAT_IP' is not the variable of an address`},
		{`-p $HOST:80:80`, `$HOST is not the variable of an address`},
		{`-p ${PRIVATE_IP:80:80`, `is not the variable of an address`},
		{`-p published=80,target=80`, `args: -p published=80,target=80: container port:`},
		{`-p 80:80 -p 80:81`, `args: -p 80:80 and -p 80:81 want the same port of the host`},
		{`-p 8000-8010:8000-8010 -p 127.0.0.1:8005:1`, `want the same port of the host`},
		{`-p 0.0.0.0:80:80 -p 10.0.0.1:80:81`, `want the same port of the host`},

		// Mounts and devices.
		{`-v ./data:/data`, `args: -v ./data:/data: source ./data is a relative path; allowed: /source:/target`},
		{`-v a/b:/data`, `args: -v a/b:/data: source a/b is a relative path`},
		{`-v ~/b:/data`, `source '~/b' is a relative path`},
		{`-v /a:b`, `args: -v /a:b: b is not an absolute path`},
		{`-v data`, `args: -v data: data is not an absolute path`},
		{`-v x:/data`, `args: -v x:/data: source x is neither an absolute path nor the name of a volume`},
		{`-v :/data`, `source '' is neither`},
		{`-v /a:/`, `nothing can be mounted over the container's root`},
		{`-v /a:/b:ro:z`, `more than three parts`},
		{`-v /a:/b:readonly`, `args: -v /a:/b:readonly: unknown option readonly`},
		{`-v /a:/b:`, `unknown option ''`},
		{`-v /a:/b:ro,rw`, `options ro and rw contradict each other`},
		{`-v /a:/b:nocopy`, `nocopy is for volumes, not for directories`},
		{`-v vol:/b:shared`, `shared is for directories, not for volumes`},
		{`-v /a:ro`, `args: -v /a:ro: ro is not an absolute path`},
		{`-v $HOME:/b`, `args: -v '$HOME:/b': unknown variable; known are $ANNOUNCE_IP, $HOST, $PRIVATE_IP, $PUBLIC_IP`},
		{"-v '/a\nb:/c'", `args: -v $'/a\nb:/c': $'/a\nb' holds a control character`},
		{`-v /a:/b -v /c:/b`, `args: -v /c:/b: something else is mounted on /b already`},
		{`-v /a:/b --tmpfs /b/`, `args: --tmpfs /b: something else is mounted there already`},
		{`--volumes-from a:z`, `args: --volumes-from a:z: unknown option z; allowed: container[:ro|:rw]`},
		{`--volumes-from /a`, `/a is not the name of a container`},
		{`--tmpfs run`, `args: --tmpfs run: run is not an absolute path`},
		{`--tmpfs /run:fast`, `unknown option fast`},
		{`--tmpfs /run:size=big`, `option size=big has no proper value`},
		{`--tmpfs /run:mode=999`, `option mode=999 has no proper value`},
		{`--tmpfs /run:size`, `option size has no proper value`},
		{`--tmpfs /run:ro=1`, `unknown option ro=1`},
		{`--tmpfs /run:ro,ro`, `option ro is given twice`},
		{`--tmpfs /$HOST`, `variables are not expanded here`},
		{`--device sda`, `args: --device sda: sda is not an absolute path; allowed: /dev/host`},
		{`--device /dev/sda:x`, `permissions x are not of r, w and m`},
		{`--device /dev/sda:/dev/b:rr`, `permissions rr are not of r, w and m`},
		{`--device /a:/b:r:w`, `more than three parts`},
		{`--device nvidia.com/gpu=all`, `is not an absolute path`},
		{`--device /dev/a:/dev/c --device /dev/b:/dev/c`, `args: --device /dev/b:/dev/c: /dev/c is given already`},

		// Environment: never the value.
		{`-e PASSWORD`, `args: -e PASSWORD: no value: docker run would take it from its own environment`},
		{`-e =hunter2`, `args: -e: the name is not that of an environment variable`},
		{`-e 1A=hunter2`, `args: -e: the name is not that of an environment variable; allowed: NAME=value`},
		{`-e 'A B=hunter2'`, `args: -e: the name is not`},
		{`-e A/B=hunter2`, `args: -e: the name is not`},
		{`-e 'hunter2!'`, `args: -e: the name is not`},
		{`-e A=pass hunter2`, `args: unexpected word after --env NAME=...: quote a value that holds spaces`},
		{`--env-file env`, `args: --env-file env: env is not an absolute path; allowed: an absolute path on the host`},
		{`--env-file $HOST/env`, `variables are not expanded here`},

		// Network and names.
		{`--network alias=b`, `args: --network alias=b: name is missing`},
		{`--network name=a,frob=b`, `args: --network name=a,frob=b: unknown key frob; allowed: name, alias, ip, ip6,`},
		{`--network name=a,ip=::1`, `args: --network name=a,ip=::1: ip ::1: ::1 is not an IPv4 address; allowed: an IPv4 address`},
		{`--network name=a,name=b`, `name is given twice`},
		{`--network name=a,alias`, `alias: its value is missing; allowed: a further name`},
		{`--network a --network b --network name=b,ip=10.0.0.1`, `b is given twice, with different settings`},
		{`--network name=a,ip=10.0.0.1 --ip 10.0.0.2 --network name=a,ip=10.0.0.1`, `ip 10.0.0.1: 10.0.0.2 is given as well`},
		{`--network host --network a`, `args: --network a: a container in host is in no other network`},
		{`--network bridge --network a`, `args: --network a: a container in bridge is in no other network`},
		{`--network a --network bridge`, `args: --network bridge: a container in a cannot be in it as well`},
		{`--network-alias x`, `args: --network-alias x: network bridge has none`},
		{`--network host --ip 10.0.0.1`, `args: --ip 10.0.0.1: network host has none`},
		{`--network a --ip6 10.0.0.1`, `args: --ip6 10.0.0.1: 10.0.0.1 is not an IPv6 address; allowed: an IPv6 address of the network`},
		{`--mac-address 01:00:00:00:00:01`, `args: --mac-address 01:00:00:00:00:01: an address of a group`},
		{`--mac-address 02:00`, `not a MAC address`},
		{`--network container:a --dns-search b.c`, `args: --dns-search b.c: the resolvers are the other container's`},
		{`--network container:a --expose 80`, `args: --expose 80: the ports are the other container's`},
		{`--dns-search a..b`, `args: --dns-search a..b: a..b is not a domain name`},
		{`--dns-opt fast`, `args: --dns-opt fast: not an option of resolv.conf; allowed: one of resolv.conf(5)`},
		{`--dns-option ndots`, `not an option of resolv.conf`},
		{`--expose 80:80`, `args: --expose 80:80: it publishes nothing, so it names no port of the host`},
		{`--domainname 'a b'`, `is not a host name`},
		{`--network ''`, `args: --network '': empty; leave it out; allowed: bridge`},
		{`--network container:`, `'' is not the name of a container`},
		{`--network host -p 80:80`, `args: -p 80:80: nothing is published with --network host`},
		{`--network none -p 80:80`, `nothing is published with --network none`},
		{`--network container:a -p 80:80`, `nothing is published with --network container:a`},
		{`--network container:a -h x`, `args: -h x: the host name is the other container's`},
		{`--network container:a --dns ::1`, `args: --dns ::1: the resolvers are the other container's`},
		{`--network container:a --add-host a:::1`, `args: --add-host a:::1: the hosts are the other container's`},
		{`-h 'a b'`, `args: -h 'a b': 'a b' is not a host name; allowed: letters`},
		{`-h -a`, `-a is not a host name`},
		{`-h a..b`, `a..b is not a host name`},
		{`-h $HOSTNAME`, `unknown variable`},
		{`-h ` + strings.Repeat("a", 65), `longer than 64 characters`},
		{`--add-host db`, `args: --add-host db: no address; allowed: name:ip`},
		{`--add-host db:node-1`, `node-1 is not an ip address`},
		{`--add-host :10.0.0.1`, `'' is not a host name`},
		{`--dns 8.8.8`, `args: --dns 8.8.8: 8.8.8 is not an ip address`},
		{`--dns $HOST`, `$HOST is not the variable of an address`},
		{`-l =x`, `args: -l =x: the key is missing`},
		{`-l 'a b=c'`, `the key holds a space`},
		{`-l rundock.spec=x`, `args: -l rundock.spec=x: rundock.spec is rundock's own`},

		// The process and its limits.
		{`-u ''`, `args: -u '': empty; leave it out; allowed: name or uid`},
		{`-u a:`, `is not the name or number`},
		{`-u :b`, `is not the name or number`},
		{`-u 'a b'`, `'a b' is not the name or number`},
		{`-w srv`, `args: -w srv: srv is not an absolute path`},
		{`-m 5m`, `args: -m 5m: less than 6m; for no limit leave it away; allowed: a number`},
		{`-m 0`, `less than 6m`},
		{`-m lots`, `args: -m lots: not a size`},
		{`-m -1`, `args: -m -1: not a size`},
		{`-m 1e30`, `not a size`},
		{`-m 999999999999t`, `too large`},
		{`--memory-swap 1g`, `args: --memory-swap 1073741824: it is a limit of memory and swap together, and needs --memory`},
		{`-m 1g --memory-swap 512m`, `args: --memory-swap 536870912: less than -m 1073741824`},
		{`-m 1g --memory-reservation 2g`, `args: --memory-reservation 2147483648: more than -m 1073741824`},
		{`--memory-swappiness 101`, `args: --memory-swappiness 101: more than 100; allowed: a number from 0 to 100`},
		{`--oom-score-adj -1001`, `args: --oom-score-adj -1001: less than -1000`},
		{`--shm-size 0`, `args: --shm-size 0: no size at all`},
		{`--pids-limit -2`, `args: --pids-limit -2: less than 1`},
		{`-c 1`, `args: -c 1: less than 2; allowed: a number from 2 to 262144`},
		{`--cpuset-cpus 3-1`, `args: --cpuset-cpus 3-1: the range 3-1 ends before it begins`},
		{`--cpuset-mems a`, `args: --cpuset-mems a: a is neither a number nor a range`},
		{`--cpuset-mems ''`, `args: --cpuset-mems '': empty; leave it out`},
		{`--blkio-weight 5`, `less than 10`},
		{`--blkio-weight-device /dev/a:5`, `args: --blkio-weight-device /dev/a:5: less than 10; allowed: /dev/path:weight`},
		{`--device-read-bps /dev/a`, `args: --device-read-bps /dev/a: the limit is missing`},
		{`--device-write-bps sda:1m`, `sda is not an absolute path`},
		{`--device-read-iops /dev/a:1k`, `args: --device-read-iops /dev/a:1k: not a number`},
		{`--device-write-iops /dev/a:1 --device-write-iops /dev/a:2`, `/dev/a is given twice, with different values`},
		{`--cgroup-parent ../x`, `not the name of a cgroup`},
		{`--security-opt frob`, `args: --security-opt frob: unknown option frob; allowed: no-new-privileges`},
		{`--security-opt seccomp=profile.json`, `profile.json is not an absolute path`},
		{`--security-opt apparmor=a --security-opt apparmor=b`, `args: --security-opt apparmor=b: apparmor=a is given as well`},
		{`--security-opt label=x`, `label x is unknown`},
		{`--security-opt systempaths=x`, `systempaths x is not unconfined`},
		{`--sysctl vm.swappiness=1`, `args: --sysctl vm.swappiness=1: vm.swappiness belongs to the host`},
		{`--sysctl net.core.somaxconn`, `no value`},
		{`--sysctl net.core.somaxconn=1 --network host`, `args: --sysctl net.core.somaxconn: it is the host's with --network host`},
		{`--sysctl kernel.sem=1 --ipc host`, `args: --sysctl kernel.sem: it is the host's with --ipc host`},
		{`--ipc host --shm-size 1g`, `args: --shm-size 1073741824: the container has no /dev/shm of its own with --ipc host`},
		{`--ipc x`, `args: --ipc x: not one of them; allowed: none, private, shareable, host, container:NAME`},
		{`--pid private`, `not one of them; allowed: host, container:NAME`},
		{`--cgroupns container:a`, `not one of them; allowed: host, private`},
		{`--uts host -h x`, `args: -h x: the host name is the host's with --uts host`},
		{`--group-add 'a b'`, `is not the name or number of a group`},
		{`--runtime 'a b'`, `is not such a name`},
		{`--platform windows/amd64`, `args: --platform windows/amd64: not of the form linux/architecture[/variant]`},
		{`--stop-signal SIGFOO`, `args: --stop-signal SIGFOO: not the name of a signal; allowed: a signal such as SIGQUIT`},
		{`--stop-signal 33`, `not the number of a signal`},
		{`--storage-opt size`, `not of the form key=value`},
		{`--annotation a`, `args: --annotation a: no value`},
		{`--device-cgroup-rule 'c 1:2'`, `not of the form type major:minor permissions`},
		{`--device-cgroup-rule 'c 1:x rwm'`, `not of the form type major:minor permissions`},
		{`--gpus 0`, `args: --gpus 0: count 0: less than 1; allowed: all, -1 for the same`},
		{`--gpus '"device=0",count=1'`, `count and device exclude each other`},
		{`--gpus frob=1`, `unknown key frob; allowed: count, device, driver, capabilities, options`},
		{`--mount /a:/b`, `args: --mount /a:/b: unknown key /a:/b; allowed: type, source, target, readonly`},
		{`--mount type=npipe,target=/a`, `args: --mount type=npipe,target=/a: type npipe: not one of them; allowed: bind, volume (the default), tmpfs`},
		{`--mount type=bind,target=/a`, `source is missing, which type bind needs`},
		{`--mount type=bind,source=vol,target=/a`, `source vol is not an absolute path, as type bind needs it`},
		{`--mount source=/a,target=/a`, `source /a is a path, which type bind is for`},
		{`--mount type=tmpfs,source=aa,target=/a`, `source aa: type tmpfs has none`},
		{`--mount type=bind,source=./a,target=/a`, `source ./a: source ./a is a relative path; allowed: an absolute path of the host`},
		{`--mount type=tmpfs`, `target is missing`},
		{`--mount type=tmpfs,target=a`, `target a: a is not an absolute path; allowed: an absolute path in the container`},
		{`--mount type=tmpfs,target=/a,volume-nocopy`, `volume-nocopy is for type volume, and this is of type tmpfs`},
		{`--mount type=tmpfs,target=/a,readonly=maybe`, `readonly maybe: neither true nor false; allowed: true, false`},
		{`--mount type=bind,source=/a,target=/a,bind-recursive=readonly`, `readonly is missing, which bind-recursive needs`},
		{`--mount source=aa,target=/a,volume-subpath=../b`, `not such a path`},
		{`--mount volume-subpath=b,target=/a`, `source is missing, which volume-subpath needs`},
		{`--mount 'type=tmpfs,"target=/a'`, `not of the form key=value,key=value`},
		{`--mount type=tmpfs,target=/a --tmpfs /a`, `args: --tmpfs /a: something else is mounted there already`},
		{`-v /a --mount type=tmpfs,target=/a`, `args: --mount /a: something else is mounted there already`},
		{`--mount target=/$HOME`, `unknown variable`},
		{`--cpus 0`, `args: --cpus 0: less than 0.01`},
		{`--cpus 0.001`, `less than 0.01`},
		{`--cpus 1/2`, `not a decimal number`},
		{`--cpus .`, `not a decimal number`},
		{`--cpus -1`, `not a decimal number`},
		{`--cpus 0.0123456789`, `more than nine decimals`},
		{`--cpus 1000000`, `more processors than there are`},
		{`--ulimit files=1`, `args: --ulimit files=1: there is no limit called files; allowed: name=soft`},
		{`--ulimit nofile`, `args: --ulimit nofile: not of the form name=soft[:hard]`},
		{`--ulimit nofile=unlimited`, `args: --ulimit nofile=unlimited: unlimited is written -1`},
		{`--ulimit nofile=1:Infinity`, `Infinity is written -1`},
		{`--ulimit nofile=1k`, `1k is neither a number nor -1, which is unlimited`},
		{`--ulimit nofile=1:2:3`, `2:3 is neither a number`},
		{`--ulimit nofile=2:1`, `args: --ulimit nofile=2:1: the soft limit is above the hard one`},
		{`--ulimit nofile=-5`, `-5 is neither a number nor -1, which is unlimited`},
		{`--ulimit nofile=1 --ulimit nofile=2`, `args: --ulimit nofile=2: nofile is given already`},
		{`--cap-add NET_ADMN`, `args: --cap-add NET_ADMN: unknown capability; did you mean NET_ADMIN?`},
		{`--cap-drop FROBNICATE`, `args: --cap-drop FROBNICATE: unknown capability; allowed: ALL`},
		{`--cap-add KILL --cap-drop KILL`, `args: --cap-drop KILL: is added as well, by --cap-add`},

		// Health and log.
		{`--health-cmd ' '`, `args: --health-cmd ' ': empty; allowed: a shell command`},
		{`--health-interval 5`, `args: --health-interval 5: not a duration; allowed: a duration such as 500ms`},
		{`--health-timeout 0s`, `less than 1ms`},
		{`--health-start-period -1s`, `less than 1ms`},
		{`--health-start-interval 1us`, `less than 1ms`},
		{`--health-retries 0`, `args: --health-retries 0: less than 1; allowed: a number of at least 1`},
		{`--no-healthcheck --health-retries 3`, `args: --no-healthcheck: contradicts --health-retries`},
		{`--log-opt max-size`, `args: --log-opt max-size: no value; allowed: max-size=10m`},
		{`--log-opt max-size=0`, `not a size`},
		{`--log-opt max-file=0`, `not a number of at least 1`},
		{`--log-opt compress=x`, `neither true nor false`},
		{`--log-opt tag=x`, `args: --log-opt tag=x: the local driver has no option tag`},
		{`--log-opt max-file=1`, `add --log-opt compress=false`},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			got, err := ParseArgs(c.args)
			if err == nil {
				t.Fatalf("ParseArgs(%q) = %s, want an error", c.args, asJSON(got))
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseArgs(%q)\n got error %s\nwant within %s", c.args, err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret") {
				t.Errorf("ParseArgs(%q): the error shows a value of the environment: %s", c.args, err)
			}
			if !reflect.DeepEqual(got, Container{}) {
				t.Errorf("ParseArgs(%q) returns a container beside its error", c.args)
			}
		})
	}
}

func FuzzParseArgs(f *testing.F) {
	for _, s := range []string{
		`--volumes-from data.influxdb -p $PRIVATE_IP:8083:8083`,
		`-e A=b --health-cmd "x y" -p [::1]:80-81:80-81/udp --tmpfs /run:size=1m -- serve 'a b'`,
		`-m 6m --cpus .5 --ulimit nofile=1:2 --device /dev/a:/dev/b:r --log-opt max-size=1k -l a --add-host a=[::1] --dns ${PUBLIC_IP}`,
		`--mount 'type=volume,src=v1,dst=/d,ro,"volume-opt=o=a,b"' --gpus 'all,"capabilities=a,b"' --network name=a,alias=b,ip=10.0.0.1 --network c --network-alias d`,
		`--sysctl net.a=1 --security-opt label:disable --stop-signal 35 --cpuset-cpus 0,1-3 --device-read-bps /dev/a:1k --memory-swap -1 --pids-limit 0`,
		`--cap-add net_raw -v a1:/b:ro,z -v /c:/d --no-healthcheck --network host -h a.b -u a:b -w /`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, args string) {
		c, err := ParseArgs(args)
		if err != nil {
			if !utf8.ValidString(err.Error()) && utf8.ValidString(args) {
				t.Errorf("ParseArgs(%q): the error is not UTF-8: %q", args, err)
			}
			return
		}
		c.Hash()
		for _, piece := range c.Expand(map[string]string{"HOST": "node-1"}).DockerCommand("x") {
			if strings.ContainsAny(piece, "\n\r") {
				t.Errorf("DockerCommand of %q breaks its line: %q", args, piece)
			}
		}
		again, err := ParseArgs(render(c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("ParseArgs(%q) = %s\nbut parsed again as %q it is %s, %v", args, asJSON(c), render(c), asJSON(again), err)
		}
	})
}

// render writes c, which holds what args can say, as args.
func render(c Container) string {
	var words []string
	for _, f := range flags {
		for _, v := range f.get(&c) {
			if f.boolean {
				words = append(words, "--"+f.long)
			} else {
				words = append(words, "--"+f.long+"="+v)
			}
		}
	}
	if c.Command != nil {
		words = append(append(words, "--"), c.Command...)
	}
	return shellquote.Join(words...)
}

func asJSON(c Container) string {
	data, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func TestCollision(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want string
	}{
		{"10.0.0.1:80:80", "10.0.0.1:80:8080", "10.0.0.1:80:8080"},
		{"10.0.0.1:80:80", "80:8080", "80:8080"},
		{"8000-8010:8000-8010", "8005:80", "8005:80"},
		{"10.0.0.1:80:80", "10.0.0.2:80:80", ""},
		{"80:80", "80:80/udp", ""},
		{"80:80", "81:80", ""},
		{"80", "80", ""}, // Docker chooses
	} {
		got, ok := Collision(Container{Ports: []string{c.a}}, Container{Ports: []string{c.b}})
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Collision of %s and %s = %q, %v; want %q", c.a, c.b, got, ok, c.want)
		}
	}
}
