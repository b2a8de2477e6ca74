package control

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// program is a shell script that takes rundockd's place.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rundockd")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSession_one_process_answers_all_in_any_order(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	s := &Session{Program: program(t, `echo >>`+starts+`
a= b=
read -r a; read -r b
for r in "$b" "$a"; do
	id=${r#*\"id\":}
	service=${r#*\"service\":\"}
	echo '{"version":1,"id":'${id%%,*}',"image":"'${service%%\"*}'"}'
done
cat >/dev/null
`)}
	defer s.Close()
	var all sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		all.Go(func() {
			if a, err := s.Do(Request{Op: Prepare, Service: name}); err != nil || a.Image != name {
				t.Errorf("Do for %s = %+v, %v; want its own answer", name, a, err)
			}
		})
	}
	all.Wait()
	if data, _ := os.ReadFile(starts); string(data) != "\n" {
		t.Errorf("the program was started %d times, want 1", len(data))
	}
}

func TestSession_says_why_there_is_no_answer(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"it fails":              {"read -r x; echo broken >&2; exit 3", "exit status 3: broken"},
		"it ends":               {"read -r x", "it ended without an answer"},
		"it says something":     {"read -r x; echo hello", "invalid character"},
		"it is another version": {"read -r x; echo '{\"version\":7}'", "the answer is not of version 1"},
		"it knows no ids":       {"read -r x; echo '{\"version\":1,\"error\":\"unknown field\"}'", "unknown field"},
		"it cannot read it":     {`read -r x; echo '{"version":1,"error":"rundockd ctl: the request is not readable: json: unknown field \"announce\""}'`, "the rundockd on this host is of another release than the module, and does not understand it: install the controller's there, by playbooks/site.yml, or upgrade.yml"},
		"it knows no such op":   {`n=0; while read -r x; do n=$((n + 1)); echo '{"version":1,"id":'$n',"error":"rundockd ctl: unknown op \"wait\""}'; done`, "of another release than the module"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Session{Program: program(t, c.script)}
			defer s.Close()
			for range 2 { // the second starts it again
				_, err := s.Do(Request{Op: Wait, Service: "web"})
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "ctl wait web") {
					t.Errorf("Do = %v, want an error with the request and %s", err, c.want)
				}
			}
		})
	}
	s := &Session{Program: "/nowhere/rundockd"}
	if _, err := s.Do(Request{Op: Wait, Service: "web"}); err == nil || !strings.Contains(err.Error(), "/nowhere/rundockd") {
		t.Errorf("Do of a program that is not there = %v", err)
	}
}
