package params

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rundock/internal/ansible"
	"rundock/internal/spec"
)

// structured is the container that YAML (as JSON) and args say together.
func structured(t *testing.T, parameters, args string) (spec.Container, error) {
	t.Helper()
	var p Params
	if err := json.Unmarshal([]byte(parameters), &p); err != nil {
		t.Fatalf("%s: %v", parameters, err)
	}
	if args != "" {
		p.Args = &args
	}
	return p.container()
}

// Each parameter and its flag make the same container, with the same hash.
func TestParameters_say_what_args_say(t *testing.T) {
	cases := []struct{ parameters, args string }{
		{`{"command":"serve 'a b' $PRIVATE_IP"}`, `-- serve 'a b' $PRIVATE_IP`},
		{`{"command":["serve","a b","8"]}`, `-- serve 'a b' 8`},
		{`{"command":[]}`, ``},
		{`{"entrypoint":["sh","-c"],"command":["true"]}`, `--entrypoint sh -- -c true`},
		{`{"entrypoint":"sh -c","command":"true"}`, `--entrypoint sh -- -c true`},
		{`{"entrypoint":[]}`, `--entrypoint ''`},
		{`{"env":{"A":"b c","N":"8086","BIG":"12345678901234567890","E":""}}`, `-e 'A=b c' -e N=8086 -e BIG=12345678901234567890 -e E=`},
		{`{"env_file":["/etc//a"]}`, `--env-file /etc/a`},
		{`{"user":"1000:1000","groups":["video","44"],"working_dir":"/srv/","stop_signal":"quit","init":true}`, `-u 1000:1000 --group-add video --group-add 44 -w /srv --stop-signal 3 --init`},
		{`{"init":false,"privileged":false,"read_only":false,"oom_kill_disable":false}`, ``},
		{`{"healthcheck":{"test":"curl -f http://localhost/ || exit 1","interval":"90s","timeout":"1500ms","retries":3,"start_period":"1m","start_interval":"500ms"}}`,
			`--health-cmd 'curl -f http://localhost/ || exit 1' --health-interval 1m30s --health-timeout 1.5s --health-retries 3 --health-start-period 60s --health-start-interval 0.5s`},
		{`{"healthcheck":{"test":["CMD-SHELL","true"]}}`, `--health-cmd true`},
		{`{"healthcheck":{"test":["NONE"]}}`, `--no-healthcheck`},
		{`{"healthcheck":{"disable":true}}`, `--no-healthcheck`},
		{`{"healthcheck":{}}`, ``},
		{`{"labels":{"a":"b","n":"1"},"annotations":{"a":"b"},"log_options":{"max-size":"10m","max-file":3}}`, `-l a=b -l n=1 --annotation a=b --log-opt max-size=10240k --log-opt max-file=3`},
		{`{"platform":"linux/arm64","runtime":"runsc","hostname":"a","domainname":"b.c"}`, `--platform linux/ARM64 --runtime runsc -h a --domainname b.c`},
		{`{"network_mode":"host"}`, `--network host`},
		{`{"network_mode":"default"}`, ``},
		{`{"networks":[{"name":"a","aliases":["x","y"],"ipv4_address":"10.0.0.1","ipv6_address":"fd00::1","link_local_ips":["169.254.0.1"],"mac_address":"02-00-00-00-00-01","driver_opts":{"k":"v"},"gw_priority":-3},{"name":"b","aliases":null}]}`,
			`--network name=a,alias=x,alias=y,ip=10.0.0.1,ip6=fd00::1,link-local-ip=169.254.0.1,mac-address=02:00:00:00:00:01,driver-opt=k=v,gw-priority=-3 --network b`},
		{`{"network_mode":"b","networks":[{"name":"a"}],"mac_address":"02:00:00:00:00:01"}`, `--network b --network a --mac-address 02:00:00:00:00:01`},
		{`{"published_ports":["80:80","$PRIVATE_IP:8083:8083"],"exposed_ports":["90"]}`, `-p 80:80/tcp -p $PRIVATE_IP:8083:8083 --expose 90`},
		{`{"etc_hosts":{"db":"10.0.0.1","six":"::1","gw":"host-gateway"}}`, `--add-host db:10.0.0.1 --add-host gw:host-gateway --add-host six:::1`},
		{`{"dns_servers":["10.0.0.2"],"dns_search_domains":["a.b"],"dns_opts":["ndots:1"]}`, `--dns 10.0.0.2 --dns-search a.b --dns-opt ndots:1`},
		{`{"volumes":["/a/:/b:rw","vol:/c"],"volume_driver":"local","volumes_from":["x:rw"],"tmpfs":["/run","/tmp:size=1m"]}`, `-v /a:/b -v vol:/c --volume-driver local --volumes-from x --tmpfs /run --tmpfs /tmp:size=1m`},
		{`{"mounts":[{"type":"bind","source":"/a, b","target":"/b","read_only":true,"propagation":"rslave","non_recursive":true,"create_mountpoint":true}]}`,
			`--mount 'type=bind,"source=/a, b",target=/b,readonly,bind-propagation=rslave,bind-recursive=disabled,bind-create-src'`},
		{`{"mounts":[{"type":"bind","source":"/a","target":"/b","read_only":true,"read_only_non_recursive":true,"non_recursive":false}]}`, `--mount type=bind,src=/a,dst=/b,ro,bind-recursive=writable`},
		{`{"mounts":[{"type":"bind","source":"/a","target":"/b","read_only":true,"read_only_force_recursive":true}]}`, `--mount type=bind,src=/a,dst=/b,ro,bind-recursive=readonly`},
		{`{"mounts":[{"source":"vol","target":"/b","no_copy":true,"subpath":"x","volume_driver":"local","volume_options":{"o":"a=b,rw","type":"nfs"},"labels":{"a":"b"}}]}`,
			`--mount 'type=volume,source=vol,target=/b,volume-nocopy,volume-subpath=x,volume-driver=local,"volume-opt=o=a=b,rw",volume-opt=type=nfs,volume-label=a=b'`},
		{`{"mounts":[{"type":"tmpfs","target":"/b","tmpfs_size":"64m","tmpfs_mode":"1777"}]}`, `--mount type=tmpfs,target=/b,tmpfs-size=67108864,tmpfs-mode=1777`},
		{`{"shm_size":"1g","storage_opts":{"size":"10g"},"read_only":true,"privileged":true}`, `--shm-size 1024m --storage-opt size=10g --read-only --privileged`},
		{`{"memory":"1g","memory_reservation":"512m","memory_swap":"2g","memory_swappiness":0,"oom_kill_disable":true,"oom_score_adj":-5}`,
			`-m 1g --memory-reservation 512m --memory-swap 2048m --memory-swappiness 0 --oom-kill-disable --oom-score-adj -5`},
		{`{"cpus":"1.50","cpu_shares":512,"cpuset_cpus":"0,1","cpuset_mems":"0","pids_limit":-1,"blkio_weight":300}`, `--cpus 1.5 -c 512 --cpuset-cpus 0-1 --cpuset-mems 0 --blkio-weight 300`},
		{`{"blkio_weight_device":[{"path":"/dev/a","weight":"100"}],"device_read_bps":[{"path":"/dev/a","rate":"1m"}],"device_write_bps":[{"path":"/dev/a","rate":"1m"}],"device_read_iops":[{"path":"/dev/a","rate":"5"}],"device_write_iops":[{"path":"/dev/a","rate":"6"}]}`,
			`--blkio-weight-device /dev/a:100 --device-read-bps /dev/a:1m --device-write-bps /dev/a:1024k --device-read-iops /dev/a:5 --device-write-iops /dev/a:6`},
		{`{"ulimits":["nofile:1024:2048","core=0"],"cgroup_parent":"/apps"}`, `--ulimit nofile=1024:2048 --ulimit core=0 --cgroup-parent /apps`},
		{`{"capabilities":["cap_net_admin"],"cap_drop":["all"],"security_opts":["no-new-privileges:true"],"sysctls":{"net.core.somaxconn":1024}}`,
			`--cap-add NET_ADMIN --cap-drop ALL --security-opt no-new-privileges --sysctl net.core.somaxconn=1024`},
		{`{"devices":["/dev/fuse:/dev/fuse:rwm"],"device_cgroup_rules":["c 1:* r"]}`, `--device /dev/fuse --device-cgroup-rule 'c 1:* r'`},
		{`{"device_requests":[{"capabilities":[["gpu","utility"]],"count":-1},{"driver":"nvidia","device_ids":["0","1"],"capabilities":["gpu"],"options":{"a":"b"}}]}`,
			`--gpus 'all,"capabilities=gpu,utility"' --gpus 'driver=nvidia,"device=0,1",options=a=b'`},
		{`{"cgroupns_mode":"host","ipc_mode":"private","pid_mode":"host","userns_mode":"host","uts":"host"}`, `--cgroupns host --ipc private --pid host --userns host --uts host`},
	}
	used := map[string]bool{}
	for _, c := range cases {
		t.Run(c.parameters, func(t *testing.T) {
			var keys map[string]json.RawMessage
			if err := json.Unmarshal([]byte(c.parameters), &keys); err != nil {
				t.Fatal(err)
			}
			for k := range keys {
				used[k] = true
			}
			got, err := structured(t, c.parameters, "")
			if err != nil {
				t.Fatal(err)
			}
			want, err := spec.ParseArgs(c.args)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) || got.Hash() != want.Hash() {
				t.Errorf("parameters and args differ:\n%+v\n%+v", got, want)
			}
		})
	}
	for _, p := range containerSpec {
		if !used[p.Name] {
			t.Errorf("no case has the parameter %s", p.Name)
		}
	}
}

func TestHealthcheck_without_a_shell_has_no_flag(t *testing.T) {
	got, err := structured(t, `{"healthcheck":{"test":["CMD","curl","-f","a b"],"interval":"1s"}}`, "")
	if err != nil || !slices.Equal(got.Healthcheck.Exec, []string{"curl", "-f", "a b"}) || got.Healthcheck.Command != "" {
		t.Errorf("got %+v, %v", got.Healthcheck, err)
	}
	if line := got.CommandLine("x"); !strings.Contains(line, `--health-cmd 'curl -f '\''a b'\'''`) {
		t.Errorf("the command line does not show it: %s", line)
	}
}

func TestParameters_come_before_args_in_lists(t *testing.T) {
	got, err := structured(t, `{"published_ports":["81:81"],"env":{"A":"1"},"volumes":["/b:/b"],"networks":[{"name":"a"}],"memory":"1g"}`,
		`-p 80:80 -p 81:81 -e B=2 -e A=1 -v /a:/a --network b --cpus 1 -- serve`)
	want, _ := spec.ParseArgs(`-p 81:81 -p 80:80 -e A=1 -e B=2 -v /b:/b -v /a:/a --network a --network b -m 1g --cpus 1 -- serve`)
	if err != nil || got.Hash() != want.Hash() {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestParameters_that_are_wrong_are_named(t *testing.T) {
	cases := []struct{ parameters, args, want string }{
		{`{"published_ports":["99999:80"]}`, ``, `published_ports: 99999:80: host port: 99999 is not a number from 1 to 65535; allowed: [ip:]`},
		{`{"memory":"lots"}`, ``, `memory: lots: not a size; allowed: a number with an optional unit`},
		{`{"memory":""}`, ``, `memory: '': empty; leave it out`},
		{`{"memory":"5m"}`, ``, `memory: 5m: less than 6m; for no limit leave it away`},
		{`{"pids_limit":-2}`, ``, `pids_limit: -2: less than 1; allowed: a number of at least 1`},
		{`{"command":"serve 'a"}`, ``, `command: a single quote (') is opened but not closed`},
		{`{"command":["a",true]}`, ``, `command: a text is meant: put it in quotes, as YAML makes true of yes and on`},
		{`{"command":true}`, ``, `(a template ends by | string); allowed: a command line, or a list`},
		{`{"command":"a"}`, `-- hunter`, `args: -- hunter: the command is given twice: by the parameter command as well`},
		{`{"entrypoint":"a"}`, `--entrypoint b`, `args: --entrypoint is given twice: by the parameter entrypoint as well`},
		{`{"env":{"A":true}}`, ``, `env: A: a text is meant: put it in quotes, as YAML makes true of yes and on`},
		{`{"env":{"A":1.10}}`, ``, `env: A: a text is meant: put it in quotes, as YAML makes 18 of 022`},
		{`{"env":{"UMASK":18}}`, ``, `env: UMASK: a text is meant: put it in quotes, as YAML makes 18 of 022`},
		{`{"command":["serve",8]}`, ``, `command: a text is meant: put it in quotes`},
		{`{"sysctls":{"net.core.somaxconn":1.5}}`, ``, `sysctls: net.core.somaxconn: a text is meant`},
		{`{"env":{"A":null}}`, ``, `env: A: neither a text`},
		{`{"env":{"A B":"hunter2"}}`, ``, `env: the name is not that of an environment variable; allowed: NAME=value`},
		{`{"env":{"A":"hunter2"}}`, `-e A=hunter3`, `args: -e A: A is given twice, with different values, by env as well`},
		{`{"labels":{"a":"b"}}`, `-l a=c`, `args: -l a=c: a is given twice, with different values, by labels as well`},
		{`{"memory":"1g"}`, `-m 1g`, `args: -m is given twice: by the parameter memory as well`},
		{`{"init":false}`, `--init`, `args: --init is given twice: by the parameter init as well`},
		{`{"network_mode":"host","published_ports":["80:80"]}`, ``, `published_ports 80:80: nothing is published with network_mode host`},
		{`{"network_mode":"host"}`, `-p 80:80`, `-p 80:80: nothing is published with network_mode host`},
		{`{"network_mode":"bridge","networks":[{"name":"a"}]}`, ``, `network_mode a: a container in bridge is in no other network`},
		{`{"networks":[{"name":"a","ipv4_address":"::1"}]}`, ``, `networks[0]: ipv4_address ::1: ::1 is not an IPv4 address; allowed: an IPv4 address`},
		{`{"networks":[{"name":"a"},{"name":"b"},{"name":"b","aliases":["x"]}]}`, ``, `networks[2]: b is given twice, with different settings`},
		{`{"mounts":[{"target":"/a"},{"type":"bind","source":"./b","target":"/b"}]}`, ``, `mounts[1]: source ./b: source ./b is a relative path; allowed: an absolute path of the host`},
		{`{"mounts":[{"type":"tmpfs","target":"/a","no_copy":true}]}`, ``, `mounts[0]: no_copy is for type volume, and this is of type tmpfs`},
		{`{"mounts":[{"type":"bind","source":"/a","target":"/b","read_only_force_recursive":true}]}`, ``, `mounts[0]: read_only is missing, which read_only_force_recursive needs`},
		{`{"mounts":[{"type":"bind","source":"/a","target":"/b","non_recursive":true,"read_only_non_recursive":true}]}`, ``, `mounts[0]: read_only_non_recursive true: contradicts another key of the same mount`},
		{`{"mounts":[{"type":"tmpfs","target":"/b"}],"tmpfs":["/b"]}`, ``, `tmpfs /b: something else is mounted there already`},
		{`{"mounts":[{"type":"tmpfs","target":"/b"}]}`, `-v /b`, `mounts /b: something else is mounted there already`},
		{`{"device_requests":[{"capabilities":[["a"],["b"]]}]}`, ``, `device_requests[0]: capabilities: a choice of several sets is not taken: give one`},
		{`{"device_requests":[{"count":1,"device_ids":["0"]}]}`, ``, `device_requests[0]: count and device_ids exclude each other`},
		{`{"device_read_bps":[{"path":"sda","rate":"1m"}]}`, ``, `device_read_bps: sda:1m: sda is not an absolute path; allowed: /dev/path:number`},
		{`{"healthcheck":{"test":["curl"]}}`, ``, `healthcheck.test: curl: not such a list; allowed: a command for a shell, or a list: CMD`},
		{`{"healthcheck":{"test":["CMD"]}}`, ``, `healthcheck.test: CMD: CMD takes the words of a command`},
		{`{"healthcheck":{"interval":"5"}}`, ``, `healthcheck.interval: 5: not a duration; allowed: a duration such as 500ms`},
		{`{"healthcheck":{"test":["NONE"],"retries":3}}`, ``, `healthcheck.test: contradicts healthcheck.retries`},
		{`{"healthcheck":{"test":["CMD","x"]}}`, `--health-cmd y`, `args: --health-cmd is given twice: by the parameter healthcheck.test as well`},
		{`{"etc_hosts":{"db":"node"}}`, ``, `etc_hosts: db:node: node is not an ip address; allowed: name:ip`},
		{`{"memory":"1g","memory_swap":"512m"}`, ``, `memory_swap 536870912: less than memory 1073741824`},
		{`{"capabilities":["KILL"]}`, `--cap-drop KILL`, `--cap-drop KILL: is added as well, by capabilities`},
		{`{"sysctls":{"vm.swappiness":"1"}}`, ``, `sysctls: vm.swappiness=1: vm.swappiness belongs to the host`},
		{`{"user":"a\u0000b"}`, ``, `user: holds a NUL character`},
		{`{"command":["a\u0000b"]}`, ``, `command: holds a NUL character`},
	}
	for _, c := range cases {
		t.Run(c.parameters+" "+c.args, func(t *testing.T) {
			_, err := structured(t, c.parameters, c.args)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v\nwant within %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a value of the environment: %v", err)
			}
		})
	}
}

// What Ansible is told is what the module reads, key by key.
func TestContainerSpec_is_what_is_read(t *testing.T) {
	agree := func(where string, list []ansible.Param, of reflect.Type) {
		var told, read []string
		types := map[string]ansible.Type{}
		for _, p := range list {
			told = append(told, p.Name)
			types[p.Name] = p.Type
		}
		for i := range of.NumField() {
			f := of.Field(i)
			name := f.Tag.Get("json")
			read = append(read, name)
			want := map[reflect.Type]ansible.Type{
				reflect.TypeFor[*string](): "", reflect.TypeFor[*int](): ansible.Int, reflect.TypeFor[*bool](): ansible.Bool,
				reflect.TypeFor[[]string](): ansible.List, reflect.TypeFor[[]compound](): ansible.List, reflect.TypeFor[[]rateParam](): ansible.List,
				reflect.TypeFor[dict](): ansible.Dict, reflect.TypeFor[amounts](): ansible.Dict, reflect.TypeFor[*healthParams](): ansible.Dict, reflect.TypeFor[json.RawMessage](): ansible.Raw,
			}[f.Type]
			if types[name] != want {
				t.Errorf("%s%s is told to be of type %q, and read as %q", where, name, types[name], want)
			}
			if flag := f.Tag.Get("flag"); flag != "" {
				if what, _ := spec.Describe(flag); what == "" {
					t.Errorf("%s%s: there is no flag --%s", where, name, flag)
				}
			}
		}
		slices.Sort(told)
		slices.Sort(read)
		if !slices.Equal(told, read) {
			t.Errorf("told are %v\nread are %v", told, read)
		}
	}
	agree("", containerSpec, reflect.TypeFor[containerParams]())
	for _, p := range containerSpec {
		if p.Name == "healthcheck" {
			agree("healthcheck.", p.Options, reflect.TypeFor[healthParams]())
		}
	}
}

// Every key of a list of dictionaries is one that the spec knows: an unknown
// one would be an error about the key itself.
func TestContainerSpec_has_keys_that_the_spec_knows(t *testing.T) {
	for _, p := range containerSpec {
		flag := map[string]string{"networks": "network", "mounts": "mount", "device_requests": "gpus"}[p.Name]
		if flag == "" {
			continue
		}
		for _, o := range p.Options {
			var b spec.Builder
			err := b.SetPairs(p.Name, 0, flag, []spec.Pair{{Key: o.Name, Value: "\x01"}})
			if err != nil && strings.Contains(err.Error(), "unknown key") {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
	}
}

func TestContainer_parameters_need_an_image(t *testing.T) {
	n := 5000
	memory := "1g"
	p := Params{Name: "web", State: "present", Announce: &n, WaitTimeout: 1, StopTimeout: 1, containerParams: containerParams{Memory: &memory}}
	if err := p.check(); err == nil || err.Error() != "missing parameter(s) required by 'memory': image" {
		t.Errorf("memory without an image: %v", err)
	}
}
