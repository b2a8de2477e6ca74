package container

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// daemon answers at a socket as dockerd does where a real one cannot be had:
// one of another release, or one that hangs.
type daemon struct {
	api        atomic.Value // string: the one version it speaks
	hangs      atomic.Bool
	containers map[string]string // id by name
	networks   string            // JSON
	info       string            // JSON
	events     string            // JSON, of all that happens before the connection is lost, unless it lasts
	lasts      bool
	network    string       // JSON, of any that is asked for
	ambiguous  bool         // there are several networks of each name
	refusal    string       // why it makes no network, of which there is none then
	asked      atomic.Int32 // how often for a network
	writes     []string     // what of networks was changed, as METHOD path
	starting   string       // name of a container that is never done starting: nothing is said of it
	state      atomic.Pointer[container.State]
}

func (d *daemon) open(t *testing.T) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: d}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	c.limits.quiet = 20 * time.Millisecond
	return c
}

// soon is how long the client waits where the daemon is to hang.
const soon = 200 * time.Millisecond

func (d *daemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.hangs.Load() {
		<-r.Context().Done()
		return
	}
	api := d.api.Load().(string)
	w.Header().Set("Api-Version", api)
	fail := func(code int, format string, args ...any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(map[string]string{"message": fmt.Sprintf(format, args...)})
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/v"+api)
	if r.URL.Path == "/_ping" {
		return
	}
	if !ok {
		fail(400, "client version is too old or too new for %s", api)
		return
	}
	switch {
	case d.refusal != "" && path == "/networks/create":
		fail(500, "%s", d.refusal)
	case d.refusal != "" && strings.HasPrefix(path, "/networks/"):
		fail(404, "network not found")
	case path == "/events":
		w.Write([]byte(d.events))
		w.(http.Flusher).Flush()
		if d.events == "" || d.lasts {
			<-r.Context().Done()
		}
	case d.ambiguous && strings.HasPrefix(path, "/networks/"):
		fail(400, "network %s is ambiguous (2 matches found based on name)", strings.TrimPrefix(path, "/networks/"))
	case strings.HasPrefix(path, "/networks/"):
		d.asked.Add(1)
		if r.Method != "GET" {
			d.writes = append(d.writes, r.Method+" "+strings.TrimPrefix(path, "/networks/"))
		}
		w.Write([]byte(d.network))
	case path == "/info":
		w.Write([]byte(d.info))
	case path == "/networks":
		w.Write([]byte(d.networks))
	case r.Method == "DELETE":
		fail(409, "removal of container is already in progress")
	case path == "/containers/json":
		var list []container.Summary
		for name, id := range d.containers {
			if strings.Contains(r.URL.Query().Get("filters"), "^/"+name+"$") {
				list = append(list, container.Summary{ID: id})
			}
		}
		json.NewEncoder(w).Encode(list)
	default:
		asked := strings.TrimSuffix(strings.TrimPrefix(path, "/containers/"), "/json")
		for name, id := range d.containers {
			if name == asked || strings.HasPrefix(id, asked) {
				if name == d.starting {
					<-r.Context().Done()
					return
				}
				networks := map[string]*network.EndpointSettings{"apps": {}}
				json.NewEncoder(w).Encode(container.InspectResponse{
					ContainerJSONBase: &container.ContainerJSONBase{ID: id, Name: "/" + name, HostConfig: &container.HostConfig{}, State: d.state.Load()},
					Config:            &container.Config{},
					NetworkSettings:   &container.NetworkSettings{NetworkSettingsBase: container.NetworkSettingsBase{SandboxKey: "/run/docker/netns/" + name}, Networks: networks},
				})
				return
			}
		}
		fail(404, "No such container: %s", asked)
	}
}

func newDaemon() *daemon {
	d := &daemon{containers: map[string]string{"web": "db" + strings.Repeat("0", 62), "cafe": "aa" + strings.Repeat("0", 62)}}
	d.api.Store("1.41")
	return d
}

func TestInspect_takes_no_name_for_the_beginning_of_an_id(t *testing.T) {
	c := newDaemon().open(t)
	for asked, want := range map[string]string{"web": "web", "cafe": "cafe", "db": "", "d": "", "db" + strings.Repeat("0", 62): "web"} {
		if s, err := c.Inspect(t.Context(), asked); err != nil || s.Name != want || s.Exists != (want != "") {
			t.Errorf("Inspect(%q) found %q, %v; want %q", asked, s.Name, err, want)
		}
	}
}

func TestPing_agrees_with_a_daemon_of_another_release(t *testing.T) {
	d := newDaemon()
	c := d.open(t)
	for _, api := range []string{"1.41", "1.51", "1.44"} {
		d.api.Store(api)
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s, err := c.Inspect(t.Context(), "web"); err != nil || !s.Exists {
			t.Errorf("Inspect by a daemon that was replaced by one of API %s alone = %v, %v", api, s.Exists, err)
		}
		if got, err := c.version(t.Context()); err != nil || got != api {
			t.Errorf("version = %s, %v; want %s", got, err, api)
		}
	}
}

func TestWait_finds_a_container_gone_under_a_daemon_of_another_release(t *testing.T) {
	d := newDaemon()
	c := d.open(t)
	if _, err := c.Inspect(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	d.api.Store("1.51")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if code, err := c.Wait(ctx, strings.Repeat("f", 64)); err != nil || code != 137 {
		t.Errorf("Wait = %d, %v; want 137 as the container is gone", code, err)
	}
}

func TestClient_gives_up_on_a_daemon_that_hangs(t *testing.T) {
	d := newDaemon()
	c := d.open(t)
	c.limits.ping, c.limits.inspect = soon, soon
	d.hangs.Store(true)
	c.limits.stop = soon
	_, inspect := c.Inspect(t.Context(), "web")
	_, version := c.version(t.Context())
	_, attached := c.OverlayContainers(t.Context(), "apps")
	c.limits.ping = time.Minute
	hurried, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	ping := c.Ping(hurried)
	c.limits.ping = soon
	for call, err := range map[string]error{"Ping": c.Ping(t.Context()), "Ping of a caller who waits no longer": ping, "OverlayContainers": attached, "Inspect": inspect, "Stop": c.Stop(t.Context(), "web", 0), "version": version} {
		if err == nil || !strings.Contains(err.Error(), "does not answer within 200ms") {
			t.Errorf("%s of a daemon that hangs = %v", call, err)
		}
	}
}

func TestRemove_gives_up_on_a_removal_that_never_ends(t *testing.T) {
	c := newDaemon().open(t)
	c.limits.remove = 2 * time.Second // the daemon has to answer once within it
	if err := c.Remove(t.Context(), "web"); err == nil || !strings.Contains(err.Error(), "already in progress") {
		t.Errorf("Remove = %v, want what the daemon says", err)
	}
}

func TestFollow_notices_a_daemon_that_hangs_and_one_that_answers_again(t *testing.T) {
	d := newDaemon()
	c := d.open(t)
	c.limits.ping, c.limits.inspect = soon, soon
	f := follow(t, c, "web")
	f.until("the container is there", func(s State) bool { return s.Exists })
	d.hangs.Store(true)
	f.until("the daemon hangs", func(s State) bool { return s.Unreachable != nil })
	d.hangs.Store(false)
	f.until("the container is there again", func(s State) bool { return s.Exists })
}

// followed is what Follow tells, until the test ends.
type followed struct {
	t             *testing.T
	states, ended chan State
}

func follow(t *testing.T, c *Client, name string) *followed {
	ctx, cancel := context.WithCancel(t.Context())
	f := &followed{t: t, states: make(chan State), ended: make(chan State)}
	on := func(told chan State) func(State) {
		return func(s State) {
			select {
			case told <- s:
			case <-ctx.Done():
			}
		}
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		c.Follow(ctx, name, Follower{State: on(f.states), Ended: on(f.ended)})
	}()
	t.Cleanup(func() { cancel(); <-left })
	return f
}

// until waits for a state; the end of a process in between is forgotten.
func (f *followed) until(what string, ok func(State) bool) State {
	f.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case s := <-f.states:
			if ok(s) {
				return s
			}
		case <-late:
			f.t.Fatalf("never told that %s", what)
		}
	}
}
