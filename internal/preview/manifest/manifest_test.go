package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// branch writes files, by path, as a branch's tree; a text that begins with "-> " is a
// symbolic link.
func branch(t *testing.T, files map[string]string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		if target, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func makeOf(t *testing.T, files map[string]string) (Result, error) {
	t.Helper()
	return Make(t.Context(), Input{Name: "akira", Tree: branch(t, files).FS(), URL: "http://akira.y.example.com", Key: []byte(strings.Repeat("k", 32))})
}

func TestMake_runs_what_the_branch_says_beside_others(t *testing.T) {
	r, err := makeOf(t, map[string]string{"compose.yaml": `
name: shop
services:
  web:
    build: {context: web, args: {A: "1"}}
    container_name: shop-web
    ports: ["80:8080", "9000-9001:9000-9001/udp"]
    deploy: {replicas: 3, placement: {constraints: [node.role == manager]}}
    environment: {URL: "${PREVIEW_URL}"}
    depends_on: [db]
    mem_limit: 8g
    cpus: 0.25
  db:
    image: postgres:16
    volumes: ["data:/var/lib/postgresql/data", {type: volume, source: data, target: /x, volume: {subpath: y}}]
    networks: {default: {ipv4_address: 10.9.0.5}}
volumes: {data: {name: production}}
networks: {default: {name: shared, ipam: {config: [{subnet: 10.9.0.0/24}]}}}
`, "web/Dockerfile": "FROM scratch\n"})
	if err != nil {
		t.Fatal(err)
	}
	web, db := r.Stack.Services["web"], r.Stack.Services["db"]
	if r.Stack.Name != "preview-akira" || len(r.Routes) != 1 || r.Routes[""] != (Route{"web", 8080}) {
		t.Errorf("stack %s with routes %v", r.Stack.Name, r.Routes)
	}
	if len(web.Ports) > 0 || web.Replicas != 1 || len(web.Constraints) > 0 || web.Build == nil || web.Build.Context != "web" || web.Container.Image != "preview-akira/web" {
		t.Errorf("web is %+v", web)
	}
	if web.Container.Env["PREVIEW_URL"] != "http://akira.y.example.com" || web.Container.Env["URL"] != "http://akira.y.example.com" {
		t.Errorf("web has the variables %v", web.Container.Env)
	}
	if c := web.Container; c.Memory != 512<<20 || c.MemorySwap != 512<<20 || c.CPUs != "0.25" || c.PidsLimit != 512 || web.Resources.Limit.Memory != 512<<20 {
		t.Errorf("web has the limits %+v", c)
	}
	if c := db.Container; c.CPUs != "1" || c.Volumes[0] != "preview-akira_data:/var/lib/postgresql/data" || c.Mounts[0].Source != "preview-akira_data" {
		t.Errorf("db is %+v", c)
	}
	if v := r.Stack.Volumes["data"]; v.Name != "preview-akira_data" || db.Networks["default"].IPv4 != "" {
		t.Errorf("volume %+v, network %+v", v, db.Networks)
	}
	if n := r.Stack.Networks["default"]; n.Name != "preview-akira_default" || len(n.Subnets) > 0 {
		t.Errorf("network %+v", n)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{"service web: ports are not published", "one instance runs, and not 3", "placement is left out", "512 MiB, and not 8192 MiB", "its subnets are left out", "service db: networks.default: its addresses"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note has %q:\n%s", want, notes)
		}
	}
}

func TestMake_refuses_by_name(t *testing.T) {
	t.Setenv("OURS", "secret")
	for service, want := range map[string]string{
		"volumes: [/var/run/docker.sock:/var/run/docker.sock]":                           "/var/run/docker.sock is a path of the host",
		"volumes: [{type: bind, source: /etc, target: /e, bind: {recursive: disabled}}]": "/etc is a path of the host",
		"volumes: [../../etc:/e]":                          "../../etc",
		"volumes: [./out:/e]":                              "outside of the branch's files",
		"volumes: [~/x:/e]":                                "whose home",
		"privileged: true":                                 "privileged",
		"devices: [/dev/kmsg]":                             "devices",
		"network_mode: host":                               "network_mode: host",
		"network_mode: container:x":                        "network_mode",
		"pid: host":                                        "pid",
		"ipc: host":                                        "ipc: host",
		"uts: host":                                        "uts",
		"userns_mode: host":                                "userns_mode",
		"cgroup: host":                                     "cgroup",
		"cgroup_parent: /x":                                "cgroup_parent",
		"cap_add: [SYS_ADMIN]":                             "cap_add: SYS_ADMIN",
		"security_opt: [seccomp=unconfined]":               "security_opt: seccomp=unconfined",
		"security_opt: [apparmor=unconfined]":              "security_opt",
		"sysctls: {net.ipv4.ip_forward: \"1\"}":            "sysctls",
		"extra_hosts: [\"h:host-gateway\"]":                "host-gateway",
		"device_cgroup_rules: [\"c 1:1 rwm\"]":             "device_cgroup_rules",
		"gpus: all":                                        "gpus",
		"runtime: other":                                   "runtime",
		"oom_score_adj: -500":                              "oom_score_adj",
		"env_file: ../secret.env":                          "../secret.env: it is outside",
		"env_file: /etc/environment":                       "/etc/environment: it is outside",
		"env_file: [{path: ../x, required: false}]":        "outside",
		"env_file: out":                                    "out: it is outside",
		"label_file: /etc/hostname":                        "outside",
		"extends: {file: ../x.yaml, service: web}":         "outside",
		"extends: {file: out, service: web}":               "outside",
		"extends: {file: https://x/y, service: web}":       "elsewhere",
		"environment: {A: \"${OURS}\"}":                    "OURS is not set",
		"build: {context: ..}":                             "outside",
		"build: {context: /srv}":                           "outside",
		"build: {context: https://example.com/x.git}":      "elsewhere",
		"build: {context: ., dockerfile: ../x}":            "outside",
		"build: {context: ., network: host}":               "build.network: host",
		"build: {context: ., additional_contexts: {a: /}}": "additional_contexts",
		"deploy: {mode: global}":                           "global",
		"labels: {rundock.service: dnsd}":                  "rundock.service",
		"secrets: [s]":                                     "/etc/shadow: it is outside",
		"configs: [c]":                                     "../../c: it is outside",
		"networks: [theirs]":                               "network theirs: external",
		"volumes: [theirs:/x]":                             "volume theirs: external",
		"volumes: [host:/x]":                               "volume host: a driver or its options",
		"group_add: [docker]":                              "group_add",
		"use_api_socket: true":                             "use_api_socket",
	} {
		_, err := makeOf(t, map[string]string{"out": "-> /etc/passwd", "compose.yaml": `
services:
  web:
    image: web
    expose: ["80"]
    ` + service + `
secrets: {s: {file: /etc/shadow}}
configs: {c: {file: ../../c}}
networks: {theirs: {external: true}}
volumes: {theirs: {external: true}, host: {driver: local, driver_opts: {type: none, o: bind, device: /etc}}}
`})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", service, err, want)
		} else if strings.Contains(err.Error(), "secret\"") || strings.Contains(err.Error(), "root:") {
			t.Errorf("%s: the error tells what it must not: %v", service, err)
		}
	}
	for name, files := range map[string]map[string]string{
		"include upwards":                   {"compose.yaml": "include: [../x.yaml]\nservices: {web: {image: w}}"},
		"include by a link out":             {"compose.yaml": "include: [out]\nservices: {web: {image: w}}", "out": "-> /etc/passwd"},
		"a compose file that is a link out": {"compose.yaml": "-> /etc/passwd"},
		"an .env that is a link out":        {"compose.yaml": "services: {web: {image: w}}", ".env": "-> /proc/self/environ"},
		"none":                              {"README": "x"},
	} {
		if _, err := makeOf(t, files); err == nil || !strings.Contains(err.Error(), "outside") && name != "none" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMake_reads_files_of_the_tree(t *testing.T) {
	r, err := makeOf(t, map[string]string{
		"docker-compose.yml": "services: {web: {image: \"web:${TAG}\", env_file: [link], ports: [\"8080\"], volumes: [\"./site.conf:/etc/site.conf:ro\"]}}",
		".env":               "TAG=7\n", "env/web.env": "A=1\n", "link": "-> env/web.env", "site.conf": "server {}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if web := r.Stack.Services["web"]; web.Container.Image != "web:7" || web.Container.Env["A"] != "1" || len(web.Configs) != 1 {
		t.Errorf("web is %+v", web)
	}
	if r.Routes[""] != (Route{"web", 8080}) {
		t.Errorf("routes are %v", r.Routes)
	}
}

func TestMake_finds_where_requests_go(t *testing.T) {
	const two = "services: {web: {image: w, expose: [8080]}, api: {image: a, ports: [\"9000\"]}, job: {image: j, restart: \"no\"}, alone: {image: x, network_mode: none}}\n"
	for extension, want := range map[string]map[string]Route{
		`x-rundock: {routes: {"": "web:8080", api: "api:9000"}}`: {"": {"web", 8080}, "api": {"api", 9000}},
		`x-rundock: {routes: {"": web:1}}`:                       {"": {"web", 1}},
	} {
		r, err := makeOf(t, map[string]string{"compose.yaml": two + extension})
		if err != nil || len(r.Routes) != len(want) || r.Routes[""] != want[""] || r.Routes["api"] != want["api"] {
			t.Errorf("%s: %v, %v, want %v", extension, r.Routes, err, want)
		}
	}
	for extension, want := range map[string]string{
		"":                                                  "which service takes the requests? Say so: x-rundock: {routes: {\"\": SERVICE:PORT}}; there are alone (no ports), api:9000, job (no ports), web:8080",
		"x-rundock: web":                                    "want {routes",
		"x-rundock: {route: {}}":                            "there is no such key",
		"x-rundock: {routes: {api: api:1}}":                 "\"\" is missing",
		`x-rundock: {routes: {"": web}}`:                    "want SERVICE:PORT",
		`x-rundock: {routes: {"": "web:0"}}`:                "want SERVICE:PORT",
		`x-rundock: {routes: {"": nope:80}}`:                "there is no service nope; there are",
		`x-rundock: {routes: {"": job:80}}`:                 "runs once",
		`x-rundock: {routes: {"": alone:8}}`:                "in no network",
		`x-rundock: {routes: {"": web:80, "a.b": web:80}}`:  "cannot be a label",
		`x-rundock: {routes: {"": web:80, "a--b": web:80}}`: "cannot be a label",
	} {
		if _, err := makeOf(t, map[string]string{"compose.yaml": two + extension}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", extension, err, want)
		}
	}
}

func TestMake_limits_how_many_services_there_are(t *testing.T) {
	text := "services:\n  web: {image: w, expose: [80]}\n"
	for i := range 20 {
		text += "  s" + strings.Repeat("x", i+1) + ": {image: w}\n"
	}
	if _, err := makeOf(t, map[string]string{"compose.yaml": text}); err == nil || !strings.Contains(err.Error(), "21 services: a preview may have 20") {
		t.Errorf("21 services: %v", err)
	}
	if _, err := makeOf(t, map[string]string{"compose.yaml": "x-a: " + strings.Repeat("0", fileAtMost)}); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a large compose file: %.200v", err)
	}
}

// What a container may have is a list: an option that spec gets one day is refused
// until somebody has thought of it.
func TestAllowed_and_closer_are_options_that_there_are(t *testing.T) {
	for _, name := range slices.Concat(allowed, closer) {
		if !slices.Contains(optionsOf(t), name) {
			t.Errorf("%s is no option of a container", name)
		}
	}
}
