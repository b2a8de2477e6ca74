package stacking

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
)

var update = flag.Bool("update", false, "write the golden files anew")

// peoplesFiles are compose files that other people wrote, a folder a project.
const peoplesFiles = "../../internal/stack/compose/testdata/cases"

// given is what those who wrote a file would give it: the stack's name, and what is of the call.
var given = map[string]func(q *control.StackRequest){
	"classic/nodes.yml": func(q *control.StackRequest) {
		q.Name, q.Scale = "nodes", map[string]int{"consul": 3, "registrator": 3, "haproxy": 3, "apache": 6}
	},
	"awesome-compose/plex/compose.yaml": func(q *control.StackRequest) { q.Env = map[string]string{"PLEX_MEDIA_PATH": "/srv/media"} },
	"awesome-compose/pihole-cloudflared-DoH/compose.yaml": func(q *control.StackRequest) {
		q.Env = map[string]string{"TIMEZONE": "UTC", "PIHOLE_PW": "x", "PIHOLE_ROUTER_IP": "10.0.0.254", "PIHOLE_NETWORK_DOMAIN": "example.com", "PIHOLE_REVERSE_DNS": "10.0.0.0/24", "PIHOLE_HOST_IP": "10.0.0.1", "PIHOLE_HOST_IPV6": "::1"}
	},
	"docker-compose-1.29.2/exec-novalue-var/docker-compose.yml": func(q *control.StackRequest) { q.Env = map[string]string{"MYVAR": "x"} },
	"docker-compose-1.29.2/environment-interpolation/docker-compose.yml": func(q *control.StackRequest) {
		q.Env = map[string]string{"IMAGE": "busybox", "HOST_PORT": "9999", "LABEL_VALUE": "x", "UNSET_VALUE": "x"}
	},
	"docker-compose-1.29.2/environment-interpolation-with-defaults/docker-compose.yml": func(q *control.StackRequest) { q.Env = map[string]string{"UNSET_VALUE": "x"} },
	"docker-compose-1.29.2/unicode-environment/docker-compose.yml":                     func(q *control.StackRequest) { q.Env = map[string]string{"BAR": "bär"} },
}

// Each file that other people wrote is planned on three hosts, or refused, as testdata/people.golden has it:
// from its text to the line for each instance.
func TestPlan_of_people_s_files(t *testing.T) {
	b := newBench(t)
	b.hosts = map[string]json.RawMessage{}
	for i := 1; i <= 3; i++ {
		b.hosts[fmt.Sprintf("swarm-node0%d", i)] = json.RawMessage(fmt.Sprintf(`{"version":1,"groups":["rundock_etcd"],"arch":"amd64","private_address":"10.0.0.%d","capacity":{"cpus":4,"memory":8000000000}}`, i))
	}
	var got strings.Builder
	root := os.DirFS(peoplesFiles)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".yml", ".yaml"}, path.Ext(name)) {
			return err
		}
		a := b.planOf(root, name)
		fmt.Fprintf(&got, "== %s\n", name)
		for _, line := range a.Lines {
			if !strings.HasPrefix(line, "plan=") {
				fmt.Fprintf(&got, "%s\n", line)
			}
		}
		if a.Error != "" {
			fmt.Fprintf(&got, "refused: %s\n", a.Error)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/people.golden"
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o755), os.WriteFile(golden, []byte(got.String()), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	is, was := strings.Split(got.String(), "\n== "), strings.Split(string(want), "\n== ")
	for i := range max(len(is), len(was)) {
		if i >= len(is) || i >= len(was) || is[i] != was[i] {
			t.Fatalf("%s: it is\n%s\nwant\n%s", golden, strings.Join(is[min(i, len(is)):min(i+1, len(is))], ""), strings.Join(was[min(i, len(was)):min(i+1, len(was))], ""))
		}
	}
}

// planOf plans a file of root, with the files of its folder that the plan asks for.
func (b *bench) planOf(root fs.FS, name string) control.StackAnswer {
	b.Helper()
	files, trees := map[string]control.StackFile{}, map[string]control.StackTree{}
	for {
		a := b.ask(control.StackPlan, func(q *control.StackRequest) {
			q.Compose, q.Files, q.Trees, q.Registry = []string{path.Base(name)}, files, trees, "registry.example.com:5000"
			if call := given[name]; call != nil {
				call(q)
			}
		})
		if len(a.Wants)+len(a.Contexts) == 0 {
			return a
		}
		for _, c := range a.Contexts {
			trees[c.Folder] = control.StackTree{Tree: c.Folder}
		}
		for _, wanted := range a.Wants {
			data, err := fs.ReadFile(root, path.Join(path.Dir(name), wanted))
			switch info, _ := fs.Stat(root, path.Join(path.Dir(name), wanted)); {
			case wanted == "configs/test-config.conf": // which is not among them
				files[wanted] = control.StackFile{Data: []byte("x")}
			case err != nil && strings.HasPrefix(path.Base(wanted), "Dockerfile"): // nor are these
				files[wanted] = control.StackFile{Data: []byte("FROM scratch\n")}
			case err == nil:
				files[wanted] = control.StackFile{Data: data}
			case info != nil && info.IsDir():
				files[wanted] = control.StackFile{Folder: true}
			default:
				files[wanted] = control.StackFile{Absent: true}
			}
		}
	}
}
