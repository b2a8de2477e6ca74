package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// surface is an option of a container, as a parameter, and where a real
// dockerd then shows it: a path into docker inspect, and the value there.
// Without a path the value is looked for in the output of a command in the
// container.
var surface = []struct {
	parameter string // JSON: "name": value
	path      string
	want      string
}{
	{`"command": ["-c", "trap exit QUIT; while :; do sleep 1; done"]`, "Config.Cmd", `["-c","trap exit QUIT; while :; do sleep 1; done"]`},
	{`"entrypoint": ["/bin/sh"]`, "Config.Entrypoint", `["/bin/sh"]`},
	{`"env": {"GREETING": "hello $HOST", "PORT": "8086"}`, "cat /proc/1/environ | tr '\\0' '\\n'", "GREETING=hello node-back-1"},
	{`"env_file": ["/etc/surface.env"]`, "cat /proc/1/environ | tr '\\0' '\\n'", "FROM_FILE=1"},
	{`"user": "0:0"`, "Config.User", `"0:0"`},
	{`"groups": ["44", "45"]`, "HostConfig.GroupAdd", `["44","45"]`},
	{`"working_dir": "/tmp"`, "readlink /proc/1/cwd", "/tmp"},
	{`"stop_signal": "quit"`, "Config.StopSignal", `"SIGQUIT"`},
	{`"healthcheck": {"test": ["CMD", "true"], "interval": "1s", "timeout": "5s", "retries": 2, "start_period": "1s"}`, "Config.Healthcheck",
		`{"Interval":1000000000,"Retries":2,"StartPeriod":1000000000,"Test":["CMD","true"],"Timeout":5000000000}`},
	{`"labels": {"team": "blue"}`, "Config.Labels.team", `"blue"`},
	{`"log_options": {"max-size": "1m", "max-file": 3}`, "HostConfig.LogConfig.Config", `{"max-file":"3","max-size":"1048576"}`},
	{`"platform": "linux/amd64"`, "Platform", `"linux"`},
	{`"hostname": "surface"`, "hostname", "surface"},
	{`"domainname": "prod.example.com"`, "Config.Domainname", `"prod.example.com"`},
	{`"networks": [{"name": "surface1", "aliases": ["first"], "ipv4_address": "10.99.1.9", "mac_address": "02:00:00:00:00:09"}, {"name": "surface2", "ipv4_address": "10.99.2.9"}]`,
		"ip addr", "10.99.2.9/24"},
	{`"published_ports": ["$PRIVATE_IP:8099:80", "127.0.0.1:8098:53/udp"]`, "HostConfig.PortBindings.53/udp", `[{"HostIp":"127.0.0.1","HostPort":"8098"}]`},
	{`"exposed_ports": ["90"]`, "Config.ExposedPorts", `{"53/udp":{},"80/tcp":{},"90/tcp":{}}`},
	{`"etc_hosts": {"db": "10.0.0.9", "gateway": "host-gateway"}`, "cat /etc/hosts", "10.0.0.9\tdb"},
	{`"dns_servers": ["10.0.0.2"]`, "HostConfig.Dns", `["10.0.0.2"]`},
	{`"dns_search_domains": ["prod.example.com"]`, "cat /etc/resolv.conf", "search prod.example.com"},
	{`"dns_opts": ["ndots:2"]`, "HostConfig.DnsOptions", `["ndots:2"]`},
	{`"volumes": ["/etc/hostname:/host/hostname:ro", "surface-named:/named", "/anonymous"]`, "HostConfig.Binds", `["/etc/hostname:/host/hostname:ro","surface-named:/named"]`},
	{`"volumes_from": ["data.surface:ro"]`, "ls /", "fromdata"},
	{`"volume_driver": "local"`, "HostConfig.VolumeDriver", `"local"`},
	{`"mounts": [{"type": "bind", "source": "/usr", "target": "/mnt/$HOST", "read_only": true, "propagation": "private"},
		{"source": "surface-mounted", "target": "/mnt/volume", "no_copy": true, "labels": {"a": "b"}},
		{"type": "tmpfs", "target": "/mnt/tmpfs", "tmpfs_size": "1m", "tmpfs_mode": "1770"}]`, "cat /proc/mounts", "/mnt/node-back-1 "},
	{`"tmpfs": ["/scratch:size=2m,mode=1777"]`, "HostConfig.Tmpfs", `{"/scratch":"size=2m,mode=1777"}`},
	{`"shm_size": "8m"`, "df -k /dev/shm", "8192"},
	{`"read_only": true`, "HostConfig.ReadonlyRootfs", `true`},
	{`"memory": "64m"`, "HostConfig.Memory", `67108864`},
	{`"memory_reservation": "32m"`, "HostConfig.MemoryReservation", `33554432`},
	{`"memory_swap": "128m"`, "HostConfig.MemorySwap", `134217728`},
	{`"memory_swappiness": 0`, "HostConfig.MemorySwappiness", `0`},
	{`"oom_kill_disable": true`, "HostConfig.OomKillDisable", `true`},
	{`"oom_score_adj": 100`, "cat /proc/1/oom_score_adj", "100"},
	{`"cpus": "0.50"`, "HostConfig.NanoCpus", `500000000`},
	{`"cpu_shares": 512`, "HostConfig.CpuShares", `512`},
	{`"cpuset_cpus": "0"`, "HostConfig.CpusetCpus", `"0"`},
	{`"cpuset_mems": "0"`, "HostConfig.CpusetMems", `"0"`},
	{`"pids_limit": 50`, "HostConfig.PidsLimit", `50`},
	{`"ulimits": ["nofile:100:200", "core=0"]`, "HostConfig.Ulimits", `[{"Hard":200,"Name":"nofile","Soft":100},{"Hard":0,"Name":"core","Soft":0}]`},
	{`"cgroup_parent": "/surface"`, "HostConfig.CgroupParent", `"/surface"`},
	{`"capabilities": ["net_admin"]`, "HostConfig.CapAdd", `["CAP_NET_ADMIN"]`},
	{`"cap_drop": ["MKNOD"]`, "HostConfig.CapDrop", `["CAP_MKNOD"]`},
	{`"security_opts": ["no-new-privileges:true", "seccomp=/etc/surface-seccomp.json", "systempaths=unconfined"]`, "HostConfig.SecurityOpt",
		`["no-new-privileges","seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]`},
	{`"sysctls": {"net.core.somaxconn": 100, "kernel.shmmax": 100000}`, "cat /proc/sys/net/core/somaxconn", "100"},
	{`"devices": ["/dev/null:/dev/surface:rw"]`, "HostConfig.Devices", `[{"CgroupPermissions":"rw","PathInContainer":"/dev/surface","PathOnHost":"/dev/null"}]`},
	{`"device_cgroup_rules": ["c 1:3 rwm"]`, "HostConfig.DeviceCgroupRules", `["c 1:3 rwm"]`},
	{`"runtime": "runc"`, "HostConfig.Runtime", `"runc"`},
	{`"cgroupns_mode": "host"`, "HostConfig.CgroupnsMode", `"host"`},
	{`"ipc_mode": "shareable"`, "HostConfig.IpcMode", `"shareable"`},
	{`"userns_mode": "host"`, "HostConfig.UsernsMode", `"host"`},
}

// TestSurface gives one container every option at once that the lab's dockerd
// and kernel can do, and looks at each of them where it takes effect.
func TestSurface(t *testing.T) {
	s := need(t)
	s.sh(t, back1, `set -e
		echo FROM_FILE=1 >/etc/surface.env
		echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >/etc/surface-seccomp.json
		docker network inspect surface1 >/dev/null 2>&1 || docker network create --subnet 10.99.1.0/24 surface1
		docker network inspect surface2 >/dev/null 2>&1 || docker network create --subnet 10.99.2.0/24 surface2
		docker inspect data.surface >/dev/null 2>&1 || docker create --name data.surface -v /fromdata `+images+`busybox:latest true`)
	t.Cleanup(func() {
		s.sh(t, back1, "docker rm -v data.surface; docker network rm surface1 surface2; docker volume rm surface-named surface-mounted; rm /etc/surface.env /etc/surface-seccomp.json")
	})
	s.remove(t, back1, "surface")

	const base = `"state": "enabled", "name": "surface", "image": "` + images + `busybox:latest"`
	call := base
	for _, o := range surface {
		call += ", " + o.parameter
	}
	call = "{" + strings.Join(strings.Fields(call), " ") + "}"
	if r := s.rundock(t, back1, call, "--check", "--diff"); r.Failed || !r.Changed || !strings.Contains(r.shown, "--memory-swappiness 0") {
		t.Fatalf("check mode of the first call = %+v, want changed, and the command in the diff", r)
	}
	if r := s.install(t, back1, call); !r.Changed || len(r.Warnings) != 0 {
		t.Errorf("first call: changed=%v, warnings %q; want changed without a warning", r.Changed, r.Warnings)
	}
	var inspected []any
	if err := json.Unmarshal([]byte(s.sh(t, back1, "docker inspect surface")), &inspected); err != nil {
		t.Fatal(err)
	}
	for _, o := range surface {
		if strings.Contains(o.path, "Config.") || o.path == "Platform" {
			if got := at(inspected[0], o.path); got != o.want {
				t.Errorf("%s\n%s is %s, want %s", o.parameter, o.path, got, o.want)
			}
			continue
		}
		if got := s.sh(t, back1, `docker exec surface sh -c "`+o.path+`"`); !strings.Contains(got, o.want) {
			t.Errorf("%s\n%s in the container says\n%s\nwant %q", o.parameter, o.path, got, o.want)
		}
	}
	for path, want := range map[string]string{
		"NetworkSettings.Networks.surface1.IPAddress":  `"10.99.1.9"`,
		"NetworkSettings.Networks.surface1.MacAddress": `"02:00:00:00:00:09"`,
		"NetworkSettings.Networks.surface2.IPAddress":  `"10.99.2.9"`,
		"HostConfig.MaskedPaths":                       `[]`,
		"HostConfig.ReadonlyPaths":                     `[]`,
	} {
		if got := at(inspected[0], path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if got := at(inspected[0], "NetworkSettings.Networks.surface1.Aliases"); !strings.Contains(got, `"first"`) {
		t.Errorf("aliases in surface1 are %s, want first among them", got)
	}

	// The same again, partly said by args, changes nothing.
	before := s.id(t, back1, "surface")
	said := strings.NewReplacer(
		`, "memory": "64m"`, `, "args": "-m 65536k --cpus=.5 --group-add 44 -e PORT=8086 --sysctl net.core.somaxconn=100"`,
		`, "cpus": "0.50"`, ``, `, "PORT": "8086"`, ``,
	).Replace(call)
	for _, again := range []string{call, said} {
		for _, flag := range []string{"--check", "--diff"} {
			if r := s.rundock(t, back1, again, flag); r.Failed || r.Changed || len(r.Warnings) != 0 {
				t.Errorf("again with %s = %+v, want ok, unchanged, without a warning", flag, r)
			}
		}
	}
	if after := s.id(t, back1, "surface"); after != before || before == "" {
		t.Errorf("the container was %q and is %q", before, after)
	}

	t.Run("replaced, with its fixed addresses", func(t *testing.T) {
		if r := s.install(t, back1, strings.Replace(call, `"cpu_shares": 512`, `"cpu_shares": 513`, 1)); !r.Changed {
			t.Error("another weight changes nothing")
		}
		if got := s.sh(t, back1, "docker exec surface ip addr"); !strings.Contains(got, "10.99.1.9/24") || !strings.Contains(got, "10.99.2.9/24") {
			t.Errorf("the new container has the addresses\n%s", got)
		}
	})
	t.Run("what the kernel cannot do is a warning", func(t *testing.T) {
		r := s.install(t, back1, `{`+base+`, "command": "sleep 1d", "blkio_weight": 100}`)
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "dockerd: ") || !strings.Contains(r.Warnings[0], "Block I/O weight") {
			t.Errorf("warnings are %q, want that of dockerd about the Block I/O weight", r.Warnings)
		}
	})
	t.Run("what dockerd is too old for is refused before anything is changed", func(t *testing.T) {
		files, id := s.sh(t, back1, onDisk), s.id(t, back1, "surface")
		for _, o := range []struct{ parameter, name, api string }{
			{`"annotations": {"a": "b"}`, "annotations (--annotation)", "1.43"},
			{`"healthcheck": {"test": "true", "start_interval": "1s"}`, "healthcheck start_interval (--health-start-interval)", "1.44"},
			{`"mounts": [{"source": "surface-named", "target": "/a", "subpath": "b"}]`, "mounts subpath (--mount volume-subpath)", "1.45"},
			{`"networks": [{"name": "surface1", "gw_priority": 1}]`, "networks gw_priority (--network gw-priority)", "1.48"},
		} {
			r := s.rundock(t, back1, `{`+base+`, `+o.parameter+`}`)
			want := o.name + " needs Docker Engine API " + o.api
			if !r.Failed || r.Changed || !strings.Contains(r.Msg, want) || !strings.Contains(r.Msg, "the daemon of this host speaks 1.41") {
				t.Errorf("%s: failed=%v changed=%v %s\nwant %s", o.parameter, r.Failed, r.Changed, r.Msg, want)
			}
		}
		if after := s.sh(t, back1, onDisk); after != files {
			t.Errorf("refused calls left\n%s\nwhere there was\n%s", after, files)
		}
		if after := s.id(t, back1, "surface"); after != id || id == "" {
			t.Errorf("the container was %q and is %q", id, after)
		}
	})
	t.Run("what dockerd refuses is refused before anything is changed", func(t *testing.T) {
		id := s.id(t, back1, "surface")
		for parameter, want := range map[string]string{
			`"storage_opts": {"size": "1g"}`:                                     "storage-opt is supported only for",
			`"runtime": "nowhere"`:                                               "nowhere",
			`"networks": [{"name": "surface1"}, {"name": "nowhere"}]`:            "network nowhere: there is no such network",
			`"network_mode": "nowhere"`:                                          "network nowhere: there is no such network",
			`"pid_mode": "container:nowhere"`:                                    "container:nowhere: there is no such container",
			`"networks": [{"name": "surface1", "ipv4_address": "10.99.2.9"}]`:    "network surface1: address 10.99.2.9 is in none of its subnets: 10.99.1.0/24",
			`"mounts": [{"type": "bind", "source": "/nowhere", "target": "/a"}]`: "/nowhere",
			`"security_opts": ["seccomp=/nowhere.json"]`:                         "seccomp profile",
		} {
			r := s.rundock(t, back1, `{`+base+`, `+parameter+`}`)
			if !r.Failed || r.Changed || !strings.Contains(r.Msg, want) {
				t.Errorf("%s: failed=%v changed=%v %s\nwant %s", parameter, r.Failed, r.Changed, r.Msg, want)
			}
		}
		if after := s.id(t, back1, "surface"); after != id || id == "" {
			t.Errorf("the container was %q and is %q", id, after)
		}
		if left := s.sh(t, back1, "docker ps -aq -f name=surface.check"); left != "" {
			t.Errorf("trial containers are left: %s", left)
		}
	})
}

// at is the JSON at a path of keys, where a key may hold a slash.
func at(v any, path string) string {
	for key := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return "nothing"
		}
		v = m[key]
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
