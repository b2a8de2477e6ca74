package container

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"rundock/internal/spec"
)

// Each flag of args ends in the Engine API where the documentation of
// /containers/create says.
func TestConfigs_say_in_the_API_what_args_say(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(profile, []byte("{\n \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ args, where, want string }{
		{`--memory-reservation 8m`, "HostConfig.MemoryReservation", `8388608`},
		{`-m 8m --memory-swap 8m`, "HostConfig.MemorySwap", `8388608`},
		{`--memory-swap -1`, "HostConfig.MemorySwap", `-1`},
		{`--memory-swappiness 0`, "HostConfig.MemorySwappiness", `0`},
		{`--init`, "HostConfig.MemorySwappiness", `null`},
		{`--oom-kill-disable`, "HostConfig.OomKillDisable", `true`},
		{`--oom-score-adj -5`, "HostConfig.OomScoreAdj", `-5`},
		{`--pids-limit 7`, "HostConfig.PidsLimit", `7`},
		{`--shm-size 1m`, "HostConfig.ShmSize", `1048576`},
		{`-c 512`, "HostConfig.CpuShares", `512`},
		{`--cpuset-cpus 0,1`, "HostConfig.CpusetCpus", `"0-1"`},
		{`--cpuset-mems 0`, "HostConfig.CpusetMems", `"0"`},
		{`--blkio-weight 10`, "HostConfig.BlkioWeight", `10`},
		{`--blkio-weight-device /dev/a:10`, "HostConfig.BlkioWeightDevice", `[{"Path":"/dev/a","Weight":10}]`},
		{`--device-read-bps /dev/a:1k --device-read-bps /dev/B:2`, "HostConfig.BlkioDeviceReadBps", `[{"Path":"/dev/B","Rate":2},{"Path":"/dev/a","Rate":1024}]`},
		{`--device-write-bps /dev/a:1k`, "HostConfig.BlkioDeviceWriteBps", `[{"Path":"/dev/a","Rate":1024}]`},
		{`--device-read-iops /dev/a:3`, "HostConfig.BlkioDeviceReadIOps", `[{"Path":"/dev/a","Rate":3}]`},
		{`--device-write-iops /dev/a:4`, "HostConfig.BlkioDeviceWriteIOps", `[{"Path":"/dev/a","Rate":4}]`},
		{`--cgroup-parent /a`, "HostConfig.CgroupParent", `"/a"`},
		{`--cgroupns host`, "HostConfig.CgroupnsMode", `"host"`},
		{`--ipc container:a`, "HostConfig.IpcMode", `"container:a"`},
		{`--pid host`, "HostConfig.PidMode", `"host"`},
		{`--userns host`, "HostConfig.UsernsMode", `"host"`},
		{`--uts host`, "HostConfig.UTSMode", `"host"`},
		{`--security-opt no-new-privileges --security-opt systempaths=unconfined`, "HostConfig.SecurityOpt", `["no-new-privileges"]`},
		{`--security-opt systempaths=unconfined`, "HostConfig.MaskedPaths", `[]`},
		{`--security-opt no-new-privileges`, "HostConfig.MaskedPaths", `null`},
		{`--security-opt seccomp=` + profile, "HostConfig.SecurityOpt", `["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]`},
		{`--security-opt seccomp=unconfined`, "HostConfig.SecurityOpt", `["seccomp=unconfined"]`},
		{`--sysctl net.core.somaxconn=1`, "HostConfig.Sysctls", `{"net.core.somaxconn":"1"}`},
		{`--group-add a --group-add 5`, "HostConfig.GroupAdd", `["a","5"]`},
		{`--runtime r`, "HostConfig.Runtime", `"r"`},
		{`--annotation a=b`, "HostConfig.Annotations", `{"a":"b"}`},
		{`--device-cgroup-rule 'c 1:* r'`, "HostConfig.DeviceCgroupRules", `["c 1:* r"]`},
		{`--gpus all`, "HostConfig.DeviceRequests", `[{"Capabilities":[["gpu"]],"Count":-1,"DeviceIDs":null,"Driver":"","Options":null}]`},
		{`--gpus driver=cdi,device=a/b=c`, "HostConfig.DeviceRequests", `[{"Capabilities":null,"Count":0,"DeviceIDs":["a/b=c"],"Driver":"cdi","Options":null}]`},
		{`--storage-opt size=1g`, "HostConfig.StorageOpt", `{"size":"1g"}`},
		{`--volume-driver d`, "HostConfig.VolumeDriver", `"d"`},
		{`--dns-search a.b`, "HostConfig.DnsSearch", `["a.b"]`},
		{`--dns-opt rotate`, "HostConfig.DnsOptions", `["rotate"]`},
		{`--mount type=bind,source=/a,target=/b,readonly,bind-propagation=shared,bind-recursive=disabled,bind-create-src`, "HostConfig.Mounts",
			`[{"BindOptions":{"CreateMountpoint":true,"NonRecursive":true,"Propagation":"shared"},"ReadOnly":true,"Source":"/a","Target":"/b","Type":"bind"}]`},
		{`--mount source=vol,target=/b,volume-nocopy,volume-subpath=x,volume-driver=d,volume-opt=a=b,volume-label=c=d`, "HostConfig.Mounts",
			`[{"Source":"vol","Target":"/b","Type":"volume","VolumeOptions":{"DriverConfig":{"Name":"d","Options":{"a":"b"}},"Labels":{"c":"d"},"NoCopy":true,"Subpath":"x"}}]`},
		{`--mount type=tmpfs,target=/b,tmpfs-size=1k,tmpfs-mode=1777`, "HostConfig.Mounts", `[{"Target":"/b","TmpfsOptions":{"Mode":1023,"SizeBytes":1024},"Type":"tmpfs"}]`},
		{`--domainname a.b`, "Config.Domainname", `"a.b"`},
		{`--stop-signal quit`, "Config.StopSignal", `"SIGQUIT"`},
		{`-p 80:80 --expose 81-82/udp`, "Config.ExposedPorts", `{"80/tcp":{},"81/udp":{},"82/udp":{}}`},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			want, err := spec.ParseArgs(c.args)
			if err != nil {
				t.Fatal(err)
			}
			cfg, host, err := configs(want, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := field(t, map[string]any{"Config": cfg, "HostConfig": host}, c.where); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.where, got, c.want)
			}
		})
	}
}

// field is the JSON at a path of names, with sorted keys; absent is null.
func field(t *testing.T, of any, path string) string {
	t.Helper()
	data, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(path, ".") {
		v = v.(map[string]any)[name]
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestConfigs_name_a_seccomp_profile_that_cannot_be_read(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/nowhere.json": "/nowhere.json: no such file", bad: bad} {
		_, _, err := configs(spec.Container{SecurityOpt: []string{"seccomp=" + path}}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("profile %s: error %v, want %s in it", path, err, want)
		}
	}
}

// Daemons before API 1.44 take one network at the creation, and the MAC
// address elsewhere.
func TestAttach_speaks_to_old_and_new_daemons(t *testing.T) {
	first := spec.Network{Aliases: []string{"x"}, IPv4: "10.0.0.1", MAC: "02:00:00:00:00:01"}
	second := spec.Network{Name: "back", IPv6: "fd00::1"}
	want := spec.Container{Network: "apps", Endpoint: &first, Networks: []spec.Network{second}}
	for api, all := range map[string]bool{"1.41": false, "1.43": false, "1.44": true, "1.51": true} {
		cfg, host := &container.Config{}, &container.HostConfig{NetworkMode: "apps"}
		at, later := endpointConfigs(want, cfg, host, api)
		apps, back := at.EndpointsConfig["apps"], at.EndpointsConfig["back"]
		if apps == nil || !slices.Equal(apps.Aliases, first.Aliases) || apps.IPAMConfig.IPv4Address != first.IPv4 {
			t.Fatalf("API %s: network apps = %+v", api, apps)
		}
		mac := cfg.MacAddress //nolint:staticcheck // for old daemons alone
		if all && (back == nil || back.IPAMConfig.IPv6Address != second.IPv6 || later != nil || apps.MacAddress != first.MAC || mac != "") {
			t.Errorf("API %s: back = %+v, later %v, MAC %q and %q", api, back, later, apps.MacAddress, mac)
		}
		if !all && (back != nil || !reflect.DeepEqual(later, want.Networks) || apps.MacAddress != "" || mac != first.MAC) {
			t.Errorf("API %s: back = %+v, later %v, MAC %q and %q", api, back, later, apps.MacAddress, mac)
		}
	}
}

func TestAttach_says_nothing_of_a_plain_network(t *testing.T) {
	for _, name := range []string{"", "host", "apps", "container:x"} {
		host := &container.HostConfig{NetworkMode: container.NetworkMode(name)}
		at, later := endpointConfigs(spec.Container{Network: name}, &container.Config{}, host, "1.51")
		if !reflect.DeepEqual(at, &network.NetworkingConfig{}) || later != nil || string(host.NetworkMode) != name {
			t.Errorf("network %q: %+v, %v, mode %q", name, at, later, host.NetworkMode)
		}
	}
}

func TestMissing_names_option_and_versions(t *testing.T) {
	cases := []struct{ args, api, want string }{
		{`--annotation a=b`, "1.42", "annotations (--annotation) needs Docker Engine API 1.43 (Docker 24.0); the daemon of this host speaks 1.42"},
		{`--annotation a=b`, "1.43", ""},
		{`--health-start-interval 1s`, "1.41", "start_interval"},
		{`--mount type=bind,source=/a,target=/b,bind-create-src`, "1.41", "create_mountpoint"},
		{`--mount type=bind,source=/a,target=/b,readonly,bind-recursive=readonly`, "1.43", "read_only_force_recursive"},
		{`--mount type=bind,source=/a,target=/b,readonly,bind-recursive=writable`, "1.41", ""}, // what old daemons do anyway
		{`--mount source=aa,target=/b,volume-subpath=c`, "1.44", "subpath"},
		{`--network a --network name=b,mac-address=02:00:00:00:00:01`, "1.41", "mac_address"},
		{`--network name=a,mac-address=02:00:00:00:00:01`, "1.41", ""},
		{`--network name=a,gw-priority=1`, "1.47", "gw_priority"},
		{`-m 8m --cpus 1 --network a --network b`, "1.41", ""},
	}
	for _, c := range cases {
		want, err := spec.ParseArgs(c.args)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := checkFeatures(want, c.api); err != nil {
			got = err.Error()
		}
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s at API %s: %q, want %q", c.args, c.api, got, c.want)
		}
	}
}
