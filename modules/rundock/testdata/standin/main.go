// Command standin takes the place of rundockd in the tests of the module's own
// decisions. Its containers are files in /run/standin; what happens to them is
// written to /run/standin/<service>.events, one event a line, and what the
// module asks for to /run/standin/ctl.log.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
)

const dir = "/run/standin"

// dockerDown is there while dockerd is to be away.
const dockerDown = dir + "/docker-down"

func main() {
	switch os.Args[1] {
	case "run":
		run(os.Args[2])
	case "announce":
		announce(os.Args[2])
	case "reap":
		reap(os.Args[2])
	case "ctl":
		ctl()
	}
}

// container is a container that is there, or the number of the last that was.
type container struct {
	N        int
	Hash     string // "": none is there
	Image    string // id
	Contents string
	Labels   map[string]string
	Started  time.Time
}

func load(name string) (c container) {
	data, _ := os.ReadFile(filepath.Join(dir, name+".container"))
	json.Unmarshal(data, &c)
	return c
}

func (c container) save(name string) {
	data, _ := json.Marshal(c)
	os.WriteFile(filepath.Join(dir, name+".container"), data, 0o644)
}

// meaning is the id of the image that ref means now: the file of that name in
// dir, if there is one.
func meaning(ref string) string {
	if id, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(ref, "/", "_"))); err == nil {
		return string(id)
	}
	return "sha256:" + ref
}

func event(file, format string, args ...any) {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(f, format+"\n", args...)
	f.Close()
}

func run(at string) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1)
	digest := control.Digest(at, control.RunnerReads)
	s, err := supervisor.ReadService(filepath.Join(at, "service.json"))
	if err != nil {
		fmt.Println(err)
		os.Exit(100)
	}
	events := s.Name + ".events"
	c := load(s.Name)
	stop := func() { event(events, "container %d stopped", c.N) }
	start := func() {
		c = container{N: c.N + 1, Labels: s.Container.Labels, Hash: s.Container.Hash(), Image: cmp.Or(s.Pin, meaning(s.Container.Image)), Started: time.Now()}
		if salt, err := supervisor.Salt("/var/lib/rundock", false); err == nil {
			c.Contents = supervisor.Contents(salt, s.Name, s.Container)
		}
		c.save(s.Name)
		event(events, "container %d started", c.N)
	}
	wanted := s.Container.Hash()
	if s.Pin != "" && c.Image != s.Pin {
		wanted = "another image"
	}
	say := func(p control.Phase) {
		control.WriteRunner(control.Dir, control.RunnerStatus{
			Service: s.Name, PID: os.Getpid(), Digest: digest, Phase: p, Container: strconv.Itoa(c.N), Image: c.Image,
			Spec: c.Hash, Wanted: s.Container.Hash(), Contents: c.Contents, Started: c.Started, Since: time.Now(),
		})
	}
	if s.Container.Image == "crashes" {
		say(control.Backoff)
		<-signals
		return
	}
	switch c.Hash {
	case wanted:
		event(events, "container %d adopted", c.N)
	case "":
		start()
	default:
		stop()
		start()
	}
	up := func() { say(control.Running) }
	if c.Image == "sha256:bad" {
		up = func() { say(control.Backoff) }
	}
	up()
	for got := range signals {
		switch got {
		case syscall.SIGUSR1:
			stop()
			start()
			if c.Image == "sha256:bad" {
				up = func() { say(control.Backoff) }
			}
			up()
		case syscall.SIGHUP:
			say(control.Left)
			return
		case syscall.SIGTERM:
			if _, err := os.Stat(dir + "/" + s.Name + ".hangs"); err == nil {
				continue
			}
			if _, err := os.Stat(dockerDown); err == nil {
				say(control.Stopping)
				os.Exit(1)
			}
			stop()
			c.Hash = ""
			c.save(s.Name)
			say(control.Stopped)
			return
		}
	}
}

func announce(at string) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	digest := control.Digest(at, control.SidecarReads)
	a, err := supervisor.ReadAnnounce(filepath.Join(at, "announce.json"))
	if err != nil {
		fmt.Println(err)
		os.Exit(100)
	}
	events := a.Service + ".events"
	event(events, "announced port %d", a.Announces[0].Port)
	active, _ := os.ReadFile(dir + "/active") // of a service with colours
	status := control.AnnounceStatus{
		Service: a.Service, PID: os.Getpid(), Digest: digest, State: control.Announced, Colour: a.Colour, Active: string(active),
		Records: []control.Record{{Key: "/skydns/" + a.Service, Name: a.Service, Host: "10.0.0.1", Port: a.Announces[0].Port}},
	}
	for {
		r, _ := control.ReadRunner(control.Dir, a.Service)
		status.Container = r.Container
		control.WriteAnnounce(control.Dir, status)
		select {
		case told := <-signals:
			if told == syscall.SIGTERM {
				event(events, "withdrawn")
				stays, _ := os.ReadFile(dir + "/stays")
				status.State, status.Stays = control.Withdrawn, string(stays)
				control.WriteAnnounce(control.Dir, status)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// reap is rundockd's.
func reap(at string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := runit.EndScanners(ctx, at); err != nil {
		fmt.Println(err)
	}
	dirs, _ := filepath.Glob(filepath.Join(at, "*/supervise"))
	for _, d := range dirs {
		if err := runit.Leave(ctx, filepath.Dir(d)); err != nil {
			fmt.Println(err)
		}
		if err := runit.Exit(ctx, filepath.Dir(d), nil); err != nil {
			fmt.Println(err)
		}
	}
}

func ctl() {
	event("ctl.log", "started")
	var all sync.WaitGroup
	var writing sync.Mutex
	for dec := json.NewDecoder(os.Stdin); ; {
		var q control.Request
		if err := dec.Decode(&q); err == io.EOF {
			break
		} else if err != nil {
			panic(err)
		}
		all.Go(func() {
			a := serve(q)
			writing.Lock()
			defer writing.Unlock()
			json.NewEncoder(os.Stdout).Encode(a)
		})
	}
	all.Wait()
}

// wrote reports whether the process that runsv keeps there, if it is to keep one, has that id.
func wrote(dir string, pid int) bool {
	s, err := runit.ReadStatus(dir)
	return err != nil || s.WantDown || s.PID == pid
}

func serve(q control.Request) control.Response {
	what := q.For
	if q.Check {
		what = "check"
	}
	event("ctl.log", "%s %s %s", q.Op, q.Service, what)
	answer := control.Response{Version: control.Version, ID: q.ID}
	switch q.Op {
	case control.Prepare:
		if refusal, err := os.ReadFile(dir + "/refusal"); err == nil {
			answer.Error = strings.TrimSpace(string(refusal))
		}
		if text, err := os.ReadFile(dir + "/pull"); err == nil && !q.Check { // seconds that it takes
			seconds, _ := strconv.Atoi(string(text))
			if q.Timeout > 0 && seconds > q.Timeout {
				answer.Error = fmt.Sprintf("not prepared within %ds", q.Timeout)
			}
			answer.Pulling = seconds
		}
		var s supervisor.Service
		if json.Unmarshal(q.Spec, &s); strings.HasPrefix(s.Container.Image, "keeps") {
			answer.Unkept = []string{"/data"}
		}
	case control.Last:
		answer.Warnings = []string{q.Service + " is the last"}
	case control.Stop, control.Remove:
		c := load(q.Service)
		answer.Changed = c.Hash != ""
		if answer.Changed && q.Stack != "" && (c.Labels[supervisor.LabelStack] != q.Stack || c.Labels[supervisor.LabelSlot] != q.Slot) {
			answer.Changed, answer.Foreign = false, true
			answer.Warnings = []string{"container " + q.Service + " is not of the slot"}
		}
		switch _, err := os.Stat(dockerDown); {
		case err == nil:
			answer.Error = "dockerd is away"
			return answer
		case q.Check || answer.Foreign:
			return answer
		case answer.Changed:
			event(q.Service+".events", "container %d removed", c.N)
		}
		c.Hash = ""
		c.save(q.Service)
		if q.Op == control.Stop {
			r, _ := control.ReadRunner(control.Dir, q.Service)
			r.Service, r.Phase = q.Service, control.Stopped
			control.WriteRunner(control.Dir, r)
			break
		}
		os.RemoveAll(filepath.Join(control.Dir, q.Service))
		os.RemoveAll(filepath.Join("/var/lib/rundock", q.Service))
	case control.Wait:
		if _, err := os.Stat(dir + "/dies"); err == nil {
			os.Exit(3)
		}
		answer.Error = q.Late()
		for end := time.Now().Add(time.Duration(q.Timeout) * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			r, _ := control.ReadRunner(control.Dir, q.Service)
			a, _ := control.ReadAnnounce(control.Dir, q.Service)
			runs := q.Hash == "" || r.Phase == control.Running && r.Spec == q.Hash && (q.Not == "" || r.Container != q.Not) && time.Since(r.Started) > control.Steady
			folder := "/etc/sv/docker-" + q.Service
			if _, err := os.Stat(folder + "/services/announce"); err == nil {
				runs = runs && wrote(folder+"/services/service", r.PID) && wrote(folder+"/services/announce", a.PID)
			}
			if runs && (q.For != "announced" || a.State == control.Announced) {
				answer.Error = ""
				break
			}
		}
	}
	return answer
}
