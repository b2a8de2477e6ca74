package previewwork

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/preview/ledger"
)

// left is what there is of a preview: in the store, in Docker, and in folders. Names of others that begin as its name
// does are passed over.
func (r *rig) left(name string, others ...string) (all []string) {
	r.Helper()
	has := func(text string) bool {
		for _, other := range others {
			text = strings.ReplaceAll(text, other, "")
		}
		return strings.Contains(text, name)
	}
	for _, prefix := range []string{"/rundock/", "/skydns/"} {
		listed, _, err := r.store.List(r.Context(), prefix)
		if err != nil {
			r.Fatal(err)
		}
		for _, l := range listed {
			if has(l.Key+" "+string(l.Value)) && !strings.HasPrefix(l.Key, ledger.EventPrefix) {
				all = append(all, l.Key)
			}
		}
	}
	volumes, err := r.docker.Volumes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	images, err := r.docker.Images(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, i := range images {
		volumes = append(volumes, i.Names...)
	}
	for _, v := range append(volumes, r.dockerNames()...) {
		if has(v) {
			all = append(all, v)
		}
	}
	for _, dir := range []string{"/etc/sv", "/etc/service", "/etc/rundock", "/var/log", "/var/lib/rundock", "/run/rundock"} {
		filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err == nil && has(filepath.Base(path)) {
				all = append(all, path)
			}
			return nil
		})
	}
	return all
}

// dockerNames are the names of containers and networks.
func (r *rig) dockerNames() (all []string) {
	r.Helper()
	var containers []struct{ Names []string }
	r.dockerGet("/containers/json?all=1", &containers)
	for _, c := range containers {
		all = append(all, c.Names...)
	}
	var networks []struct{ Name string }
	r.dockerGet("/networks", &networks)
	for _, n := range networks {
		all = append(all, n.Name)
	}
	return all
}

func (r *rig) dockerGet(path string, into any) {
	r.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) { return net.Dial("unix", "/run/docker.sock") }}}
	a, err := client.Get("http://docker" + path)
	if err != nil {
		r.Fatal(err)
	}
	defer a.Body.Close()
	if err := json.NewDecoder(a.Body).Decode(into); err != nil {
		r.Fatal(err)
	}
}

// goes waits until nothing is left of a preview.
func (r *rig) goes(name string, others ...string) {
	r.Helper()
	r.long("nothing is left of "+name, func() string { return strings.Join(r.left(name, others...), " ") })
}
