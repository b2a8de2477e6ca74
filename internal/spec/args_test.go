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
		{`-p 80`, Container{Ports: []string{"80"}}},
		{`-p 80/tcp -p 53:53/UDP -p 9:9/sctp`, Container{Ports: []string{"80", "53:53/udp", "9:9/sctp"}}},
		{`-p 080:0080`, Container{Ports: []string{"80:80"}}},
		{`-p 8000-8003:9000-9003 -p 7000-7000:7`, Container{Ports: []string{"8000-8003:9000-9003", "7000:7"}}},
		{`-p 8000-8003:80`, Container{Ports: []string{"8000-8003:80"}}},
		{`-p 127.0.0.1:80:80 -p 127.0.0.1::81`, Container{Ports: []string{"127.0.0.1:80:80", "127.0.0.1::81"}}},
		{`-p [::1]:80:80 -p [2001:DB8:0:0::1]::80`, Container{Ports: []string{"[::1]:80:80", "[2001:db8::1]::80"}}},
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
		{`-it`, `args: -i is not taken: a service has no terminal`},
		{`-ti`, `args: -t is not taken: a service has no terminal`},
		{`--log-driver syslog`, `args: --log-driver is not taken: rundock uses Docker's local driver`},
		{`--pull always`, `args: --pull is not taken: it is the parameter pull`},
		{`--stop-timeout 3`, `args: --stop-timeout is not taken: it is the parameter stop_timeout`},
		{`--gpus all`, `args: --gpus is not taken: rundock has no form for it yet`},
		{`-P`, `args: -P is not taken: the ports would change`},
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
		{`--network a --net b`, `args: --net is given twice`},
		{`--memory 1g -m 2g`, `args: -m is given twice`},
		{`--init --init`, `args: --init is given twice`},
		{`-e A=secret -e A=other`, `args: -e A: A is given twice, with different values`},
		{`-l a=b -l a=c`, `args: -l a=c: a is given twice, with different values`},
		{`--tmpfs /run --tmpfs /run:ro`, `args: --tmpfs /run:ro: /run is given twice, with different values`},

		// Ports.
		{`-p 99999:80`, `args: -p 99999:80: host port: 99999 is not a number from 1 to 65535; allowed: [ip:][host port:]container port[/tcp|udp|sctp]`},
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
		{`--network name=a,alias=b`, `name=a,alias=b is not the name of a network`},
		{`--network ''`, `args: --network '': '' is not the name of a network`},
		{`--network container:`, `'' is not the name of a container`},
		{`--network host -p 80:80`, `args: -p 80:80: nothing is published with --network host`},
		{`--network none -p 80:80`, `nothing is published with --network none`},
		{`--network container:a -p 80:80`, `nothing is published with --network container:a`},
		{`--network container:a -h x`, `args: --hostname x: the host name is the other container's`},
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
		{`-u ''`, `args: -u '': '' is not the name or number of a user or group`},
		{`-u a:`, `is not the name or number`},
		{`-u :b`, `is not the name or number`},
		{`-u 'a b'`, `'a b' is not the name or number`},
		{`-w srv`, `args: -w srv: srv is not an absolute path`},
		{`-m 5m`, `args: -m 5m: less than 6m; for no limit leave the flag away; allowed: a number`},
		{`-m 0`, `less than 6m`},
		{`-m lots`, `args: -m lots: not a size`},
		{`-m -1`, `args: -m -1: not a size`},
		{`-m 1e30`, `not a size`},
		{`-m 999999999999t`, `too large`},
		{`--cpus 0`, `args: --cpus 0: less than 0.01`},
		{`--cpus 0.001`, `less than 0.01`},
		{`--cpus 1/2`, `not a decimal number`},
		{`--cpus .`, `not a decimal number`},
		{`--cpus -1`, `not a decimal number`},
		{`--cpus 0.0123456789`, `more than nine decimals`},
		{`--cpus 1000000`, `more processors than there are`},
		{`--ulimit files=1`, `args: --ulimit files=1: invalid ulimit type: files`},
		{`--ulimit nofile`, `args: --ulimit nofile:`},
		{`--ulimit nofile=2:1`, `args: --ulimit nofile=2:1:`},
		{`--ulimit nofile=-5`, `args: --ulimit nofile=-5:`},
		{`--ulimit nofile=1 --ulimit nofile=2`, `args: --ulimit nofile=2: nofile is given already`},
		{`--cap-add NET_ADMN`, `args: --cap-add NET_ADMN: unknown capability; did you mean NET_ADMIN?`},
		{`--cap-drop FROBNICATE`, `args: --cap-drop FROBNICATE: unknown capability; allowed: ALL`},
		{`--cap-add KILL --cap-drop KILL`, `args: --cap-drop KILL: is added as well, by --cap-add`},

		// Health and log.
		{`--health-cmd ' '`, `args: --health-cmd ' ': empty; --no-healthcheck switches the image's off`},
		{`--health-interval 5`, `args: --health-interval 5: not a duration; allowed: a duration such as 500ms`},
		{`--health-timeout 0s`, `less than 1ms`},
		{`--health-start-period -1s`, `less than 1ms`},
		{`--health-start-interval 1us`, `less than 1ms`},
		{`--health-retries 0`, `args: --health-retries 0: not such a number; allowed: a number of at least 1`},
		{`--no-healthcheck --health-retries 3`, `args: --no-healthcheck: contradicts the other --health flags`},
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
