package spec

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/docker/go-connections/nat"
)

// TestParseArgs_reads_back_what_is_rendered makes containers of random
// canonical values and expects each of them from its own flags.
func TestParseArgs_reads_back_what_is_rendered(t *testing.T) {
	const seed = 20
	random := rand.New(rand.NewPCG(seed, seed))
	made := 0
	for range 20000 {
		c := randomContainer(random)
		if checkTogether(c, func(flag string) string { return "--" + flag }) != nil {
			continue
		}
		made++
		got, err := ParseArgs(render(c))
		if err != nil {
			t.Fatalf("ParseArgs(%s) of %s: %v", render(c), asJSON(c), err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Fatalf("ParseArgs(%s)\n got %s\nwant %s", render(c), asJSON(got), asJSON(c))
		}
		flags := c
		flags.Env, flags.Entrypoint, flags.Command = nil, nil, nil
		if got, err := ParseArgs(c.Args()); err != nil || !reflect.DeepEqual(got, flags) {
			t.Fatalf("ParseArgs(Args()), which are %s: %v\n got %s\nwant %s", c.Args(), err, asJSON(got), asJSON(flags))
		}
	}
	if made < 1000 {
		t.Errorf("only %d of 20000 random containers were valid", made)
	}
}

func randomContainer(r *rand.Rand) Container {
	text := func() string {
		alphabet := []rune("ab $'\"\\\n\t=:#-{}ü☃`!*~")
		out := make([]rune, r.IntN(8))
		for i := range out {
			out[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(out)
	}
	// some takes a few of values, in their order; nil if none.
	some := func(values ...string) []string {
		var out []string
		for _, v := range values {
			if r.IntN(4) == 0 {
				out = append(out, v)
			}
		}
		return out
	}
	one := func(values ...string) string {
		if r.IntN(2) == 0 {
			return ""
		}
		return values[r.IntN(len(values))]
	}
	mapped := func(value func() string, keys ...string) map[string]string {
		var out map[string]string
		for _, k := range some(keys...) {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = value()
		}
		return out
	}
	c := Container{
		Env:         mapped(text, "A", "_b", "discovery.type", "HTTP_PROXY"),
		EnvFiles:    some("/etc/a", "/etc/b c"),
		User:        one("root", "1000", "1000:1000", "www-data:adm"),
		Workdir:     one("/", "/srv/a b"),
		Hostname:    one("a", "node-$HOST.example.com"),
		Network:     one("host", "none", "apps", "container:web"),
		Ports:       some("81:80", "127.0.0.1:82:80/udp", "[::1]:83:80", "$PRIVATE_IP:84-86:84-86", "10.0.0.1:87:80/sctp"),
		Volumes:     some("/anon", "/a:/b", "vol:/c:ro,nocopy", "/d:/e:ro,Z,rslave", "/$HOST:/f"),
		VolumesFrom: some("data.influxdb", "other:ro"),
		Tmpfs:       mapped(func() string { return one("ro", "size=64m,mode=1777") }, "/run", "/tmp/a b"),
		Memory:      []int64{0, 6 << 20, 512<<20 + 1}[r.IntN(3)],
		CPUs:        one("1.5", "0.01", "12"),
		Labels:      mapped(text, "a", "com.example/x", "ü"),
		CapAdd:      some("ALL", "NET_ADMIN"),
		CapDrop:     some("KILL", "NET_RAW"),
		Devices:     some("/dev/fuse", "/dev/a:/dev/b", "/dev/c:/dev/c:rm"),
		Privileged:  r.IntN(2) == 0,
		ReadOnly:    r.IntN(2) == 0,
		Init:        r.IntN(2) == 0,
		Ulimits:     some("nofile=1024", "core=0:-1", "memlock=-1"),
		ExtraHosts:  some("a:10.0.0.1", "b:::1", "c:host-gateway", "d:$PUBLIC_IP"),
		DNS:         some("10.0.0.1", "::1", "$ANNOUNCE_IP"),
		LogOptions:  mapped(func() string { return "1048576" }, "max-size"),

		Platform:    one("linux/arm64", "linux/arm/v7"),
		StopSignal:  one("SIGQUIT", "SIGRTMIN+3"),
		GroupAdd:    some("video", "44"),
		Annotations: mapped(func() string { return "x" + text() }, "a", "com.example/x"),
		Domainname:  one("example.com"),
		Expose:      some("80", "53/udp", "90-91"),
		DNSSearch:   some("example.com", "."),
		DNSOptions:  some("ndots:1", "rotate"),
		Mounts: pick(r, Mount{Type: "volume", Target: "/m1"},
			Mount{Type: "bind", Source: "/srv/$HOST, \"x\"", Target: "/m2", ReadOnly: true, Propagation: "rslave", Recursive: "readonly", CreateSource: true},
			Mount{Type: "volume", Source: "vol", Target: "/m3", NoCopy: true, Subpath: "a/b", Driver: "local", DriverOptions: map[string]string{"o": "a=b,rw", "type": "nfs"}, Labels: map[string]string{"a": ""}},
			Mount{Type: "tmpfs", Target: "/m4", Size: 1 << 20, Mode: "1777"}),
		VolumeDriver:      one("local"),
		ShmSize:           []int64{0, 1 << 20}[r.IntN(2)],
		StorageOpt:        mapped(func() string { return "10g" }, "size"),
		MemoryReservation: []int64{0, 6 << 20}[r.IntN(2)],
		MemorySwap:        []int64{0, -1, 1 << 30}[r.IntN(3)],
		MemorySwappiness:  [](*int){nil, new(int), &sixty}[r.IntN(3)],
		OOMKillDisable:    r.IntN(2) == 0,
		OOMScoreAdj:       []int{0, -1000, 5}[r.IntN(3)],
		CPUShares:         []int{0, 512}[r.IntN(2)],
		CPUSetCPUs:        one("0-3,8", "1"),
		CPUSetMems:        one("0"),
		PidsLimit:         []int{0, 100}[r.IntN(2)],
		BlkioWeight:       []int{0, 10}[r.IntN(2)],
		BlkioWeightDevice: mapped(func() string { return "200" }, "/dev/a", "/dev/b"),
		DeviceReadBps:     mapped(func() string { return "1048576" }, "/dev/a"),
		DeviceWriteBps:    mapped(func() string { return "1048577" }, "/dev/a"),
		DeviceReadIOps:    mapped(func() string { return "1" }, "/dev/a"),
		DeviceWriteIOps:   mapped(func() string { return "2" }, "/dev/a"),
		CgroupParent:      one("/apps", "apps.slice"),
		SecurityOpt:       some("no-new-privileges", "seccomp=/etc/profile.json", "label=disable"),
		Sysctls:           mapped(func() string { return "1" }, "net.core.somaxconn", "kernel.sem"),
		DeviceCgroupRules: some("c 188:* rwm", "a *:* r"),
		DeviceRequests: pick(r, DeviceRequest{Count: -1, Capabilities: []string{"compute", "gpu"}}, DeviceRequest{Count: 2, Capabilities: []string{"gpu"}},
			DeviceRequest{Driver: "cdi", IDs: []string{"a.b/c=d", "e"}, Options: map[string]string{"k": "v"}}),
		Runtime:  one("runsc"),
		Cgroupns: one("host", "private"),
		IPC:      one("private", "container:a"),
		PID:      one("host", "container:a"),
		Userns:   one("host"),
		UTS:      one("host"),
	}
	if c.Network == "apps" {
		c.Networks = pick(r, Network{Name: "back"},
			Network{Name: "front", Aliases: []string{"a", "b"}, IPv4: "10.0.0.2", IPv6: "fd00::2", LinkLocalIPs: []string{"169.254.0.1"}, MAC: "02:42:00:00:00:02", DriverOptions: map[string]string{"k": "v w"}, Priority: -3})
	}
	if e := (Network{Aliases: some("x", "y"), IPv4: one("10.0.0.1"), IPv6: one("fd00::1"), LinkLocalIPs: some("169.254.0.1"), MAC: one("02:42:00:00:00:01"),
		DriverOptions: mapped(func() string { return "v, \"w\"" }, "k"), Priority: r.IntN(2)}); c.Network == "apps" && !e.zero() {
		c.Endpoint = &e
	}
	if r.IntN(2) == 0 {
		c.Entrypoint = []string{text()}
	}
	for range r.IntN(4) {
		c.Command = append(c.Command, text())
	}
	switch r.IntN(3) {
	case 0:
		c.Healthcheck = &Healthcheck{Disable: true}
	case 1:
		c.Healthcheck = &Healthcheck{Command: "x" + text(), Interval: one("1m30s"), Timeout: one("500ms"),
			StartPeriod: one("1h0m0s"), StartInterval: one("1ms"), Retries: r.IntN(3)}
	}
	return c
}

var sixty = 60

// pick takes a few of values, in their order; nil if none.
func pick[T any](r *rand.Rand, values ...T) []T {
	var out []T
	for _, v := range values {
		if r.IntN(3) == 0 {
			out = append(out, v)
		}
	}
	return out
}

// published has the ports of flags, also those that only services of before have.
func published(t *testing.T, flags string) (c Container) {
	t.Helper()
	for s := range strings.FieldsSeq(strings.ReplaceAll(flags, "-p", "")) {
		p, err := parsePort(s)
		if err != nil {
			t.Fatal(err)
		}
		c.Ports = append(c.Ports, p.String())
	}
	return c
}

// The runner hands expanded ports to Docker's own parser.
func TestPorts_are_what_Docker_reads(t *testing.T) {
	vars := map[string]string{"PRIVATE_IP": "fd00::1", "PUBLIC_IP": "192.0.2.1", "ANNOUNCE_IP": "192.0.2.2", "HOST": "node-1"}
	cases := []struct{ args, container, ip, host string }{
		{`-p 80`, "80/tcp", "", ""},
		{`-p :80`, "80/tcp", "", ""},
		{`-p 8080:80/UDP`, "80/udp", "", "8080"},
		{`-p 8080-8090:80`, "80/tcp", "", "8080-8090"},
		{`-p [::1]:8080:80`, "80/tcp", "::1", "8080"},
		{`-p [::1]::80`, "80/tcp", "::1", ""},
		{`-p 10.0.0.1::80`, "80/tcp", "10.0.0.1", ""},
		{`-p $PRIVATE_IP:8080:80`, "80/tcp", "fd00::1", "8080"},
		{`-p ${PUBLIC_IP}:8080:80/sctp`, "80/sctp", "192.0.2.1", "8080"},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			parsed := published(t, c.args)
			got, err := nat.ParsePortSpec(parsed.Expand(vars).Ports[0])
			want := nat.PortMapping{Port: nat.Port(c.container), Binding: nat.PortBinding{HostIP: c.ip, HostPort: c.host}}
			if err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("Docker reads %q as %v, %v; want %v", parsed.Ports[0], got, err, want)
			}
		})
	}
}

func TestPublished(t *testing.T) {
	cases := []struct {
		ports string
		as    string
		port  int
		proto string
		want  int // 0: not published
	}{
		{`-p 8087:80`, "private", 8087, "tcp", 80},
		{`-p 8087:80`, "", 8087, "", 80},
		{`-p 8087:80`, "private", 80, "tcp", 0},
		{`-p 8087:80`, "private", 8087, "udp", 0},
		{`-p 8087:80/udp`, "private", 8087, "udp", 80},
		{`-p 8080-8090:9080-9090`, "private", 8087, "tcp", 9087},
		{`-p 8080-8090:9080-9090`, "private", 8091, "tcp", 0},
		{`-p 8080-8090:80`, "private", 8087, "tcp", 0},
		{`-p 80`, "private", 80, "tcp", 0},
		{`-p $PRIVATE_IP:1:2`, "private", 1, "tcp", 2},
		{`-p $PRIVATE_IP:1:2`, "", 1, "tcp", 2},
		{`-p $PRIVATE_IP:1:2`, "public", 1, "tcp", 0},
		{`-p $PUBLIC_IP:1:2`, "public", 1, "tcp", 2},
		{`-p $PUBLIC_IP:1:2`, "private", 1, "tcp", 0},
		{`-p $ANNOUNCE_IP:1:2`, "public", 1, "tcp", 2},
		{`-p 127.0.0.1:1:2`, "private", 1, "tcp", 0},
		{`-p [::1]:1:2`, "private", 1, "tcp", 0},
		{`-p 0.0.0.0:1:2`, "private", 1, "tcp", 2},
		{`-p 192.0.2.1:1:2`, "private", 1, "tcp", 2},
		{`-p 127.0.0.1:1:2 -p $PRIVATE_IP:1:3`, "private", 1, "tcp", 3},
	}
	for _, c := range cases {
		parsed := published(t, c.ports)
		got, ok := parsed.Published(c.as, c.port, c.proto)
		if got != c.want || ok != (c.want != 0) {
			t.Errorf("%s: Published(%q, %d, %q) = %d, %v; want %d", c.ports, c.as, c.port, c.proto, got, ok, c.want)
		}
	}
}
