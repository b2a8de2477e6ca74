package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"rundock/internal/await"
)

const napScript = "#!/bin/sh\nexec 2>&1\nexec /usr/local/bin/nap/sleep 1000\n"

// napping is a daemon of the test: sleep(1), which reads /etc/rundock/nap.conf.
func napping(script, conf, renew string) map[string]any {
	return map[string]any{
		"files":    []any{map[string]any{"path": "/etc/rundock/nap.conf", "content": conf, "check": "grep -q nap %s"}},
		"services": []any{map[string]any{"name": "nap", "scripts": map[string]any{"run": script}, "reads": []any{"/etc/rundock/nap.conf"}, "renew": renew, "ready": "test -e /etc/rundock/nap.conf"}},
	}
}

func onNappingMachine(t *testing.T) *machine {
	m := onMachine(t)
	m.sh("mkdir -p /usr/local/bin/nap && cp /bin/sleep /usr/local/bin/nap/sleep")
	return m
}

func TestServices_and_their_files(t *testing.T) {
	m := onNappingMachine(t)
	_, a := m.Apply(napping(napScript, "nap 1\n", "restart"),
		"/etc/rundock/nap.conf written", "service nap written", "service nap enabled")
	if got := strings.Join(a.Files(), " "); got != "/etc/rundock/nap.conf /etc/sv/nap/log/run /etc/sv/nap/run" {
		t.Errorf("the diff is of %s", got)
	}
	first := m.running("nap")

	m.Apply(napping(napScript, "nap 2\n", "restart"), "/etc/rundock/nap.conf written", "service nap restarted")
	second := m.running("nap")
	if second == first {
		t.Error("another file, which it reads: it was not restarted")
	}
	m.Apply(napping(napScript+"# other\n", "nap 2\n", "restart"), "service nap updated", "service nap restarted")
	third := m.running("nap")
	if third == second {
		t.Error("another script: it was not restarted")
	}
	if a := m.Call(napping(napScript+"# other\n", "awake\n", "restart")); !a.Failed || a.Changed || !strings.Contains(a.Msg, "/etc/rundock/nap.conf stays as it is") {
		t.Errorf("a content that its check refuses: %s", a.Raw)
	}
	m.Apply(napping(napScript+"# other\n", "nap 2\n", "restart"))
	if m.running("nap") != third {
		t.Error("a content that its check refuses: the service was restarted")
	}
}

func TestServices_that_are_not_to_be(t *testing.T) {
	m := onNappingMachine(t)
	m.Apply(napping(strings.Replace(napScript, "\n", "\n# Written by site.yml of rundock.\n", 1), "nap 1\n", "restart"),
		"/etc/rundock/nap.conf written", "service nap written", "service nap enabled")
	m.running("nap")
	m.write("/etc/sv/other/run", "#!/bin/sh\nexec /usr/local/bin/nap/sleep 1000\n", 0o755)
	m.Apply(map[string]any{"removed": []any{"nap", "other", "nobodys"}}, "service nap removed")
	if left := m.sh("ls /etc/sv /etc/service; pgrep -c -f '[n]ap/sleep' || true"); left != "/etc/service:\n\n/etc/sv:\nother\n0" {
		t.Errorf("left are %q", left)
	}
}

func TestA_renewal_that_failed_is_made_by_the_next_call(t *testing.T) {
	m := onNappingMachine(t)
	m.Apply(napping(napScript, "nap 1\n", "hup"), "/etc/rundock/nap.conf written", "service nap written", "service nap enabled")
	first := m.running("nap")
	args := napping(napScript, "nap 2\n", "hup")
	// A service before it in the list that never gets ready: the file is written, and nap left out.
	broken := map[string]any{"files": args["files"], "services": append([]any{map[string]any{"name": "other", "scripts": map[string]any{"run": "#!/bin/sh\nexec /usr/local/bin/nap/sleep 1000\n"}}}, args["services"].([]any)...)}
	m.sh("touch /etc/sv/other") // a file where the service directory is to be
	if a := m.Call(broken); !a.Failed || !strings.Contains(a.Msg, "/etc/sv/other") {
		t.Fatalf("got %s, want a failure that names /etc/sv/other", a.Raw)
	}
	m.sh("rm /etc/sv/other")
	m.Apply(args, "/etc/rundock/nap.conf written", "service nap handed over")
	await.True(t, "nap is another process", func() bool { return m.running("nap") != first })
}

func TestPrograms_are_asked_for_run_and_remembered(t *testing.T) {
	m := onNappingMachine(t)
	one, two := m.sleep("one"), m.sleep("two")
	service := []any{map[string]any{"name": "nap", "scripts": map[string]any{"run": "#!/bin/sh\nexec /usr/local/bin/sleep 1000\n"}, "reads": []any{"/usr/local/bin/sleep"}}}
	with := func(program map[string]any) map[string]any {
		return map[string]any{"programs": []any{program}, "services": service}
	}
	asked := m.Call(with(m.offered("sleep", one)))
	if lacks, _ := asked.Values["lacks"].([]any); asked.Failed || asked.Changed || len(lacks) != 1 || lacks[0] != m.offered("sleep", one)["sha256"] {
		t.Fatalf("without the program: %s, want that it is lacking, and nothing done", asked.Raw)
	}
	if planned := m.Call(with(m.offered("sleep", one)), "check_mode"); strings.Join(planned.Actions, ", ") != "sleep installed, service nap written, service nap enabled" {
		t.Errorf("check mode plans %q", planned.Actions)
	}
	sent := m.sent("sleep", one)
	m.Apply(with(sent), "sleep installed", "service nap written", "service nap enabled")
	if _, err := os.Stat(sent["upload"].(string)); err == nil {
		t.Error("what was sent is still there")
	}
	first := m.running("nap")
	m.Apply(with(m.sent("sleep", two)), "sleep replaced", "service nap restarted")
	if m.running("nap") == first {
		t.Error("another program: the service was not restarted")
	}
	if a := m.Call(with(m.offered("sleep", two))); a.Changed || a.Values["lacks"] != nil {
		t.Errorf("the same again: %s", a.Raw)
	}
	m.sh("rm -r /var/cache/rundock")
	if a := m.Call(with(m.offered("sleep", two))); a.Changed || a.Values["lacks"] != nil {
		t.Errorf("the same again, after what is remembered of it is gone: %s", a.Raw)
	}
	m.sh("chmod 0700 /usr/local/bin/sleep")
	if a := m.Call(with(m.offered("sleep", two))); a.Values["lacks"] == nil {
		t.Errorf("a program of another mode: %s", a.Raw)
	}
	// An audit would miss the first one, which is not wanted any more.
	m.Apply(map[string]any{"programs": []any{m.sent("other", m.sleep("three"))}}, "other installed")
	m.Apply(map[string]any{"services": service}) // a call without programs wants those of before
	if noted := m.sh("cat /var/cache/rundock/programs.json"); strings.Contains(noted, `"sleep"`) || !strings.Contains(noted, `"other"`) {
		t.Errorf("of the programs that are wanted it has noted %s", noted)
	}
}

func TestPrograms_that_are_damaged_or_do_not_run_leave_the_old_one(t *testing.T) {
	m := onMachine(t)
	good := m.sleep("good")
	m.Apply(map[string]any{"programs": []any{m.sent("sleep", good)}}, "sleep installed")
	before := m.sh("sha256sum </usr/local/bin/sleep")
	broken := m.sent("sleep", []byte("#!/bin/sh\necho no >&2; exit 1\n"))
	cut := m.sent("sleep", m.sleep("cut"))
	m.sh(fmt.Sprintf("head -c 1000 %s >/run/cut", cut["upload"]))
	cut["upload"] = "/run/cut"
	other := m.sent("sleep", m.sleep("other"))
	other["sha256"] = strings.Repeat("0", 64)
	for want, program := range map[string]map[string]any{
		"unpack /run/cut":                   cut,
		"its hash is":                       other,
		"has no hash":                       {"name": "sleep", "src": "bin/sleep"},
		"unpack /run/nothing: no such file": {"name": "sleep", "src": "bin/sleep", "sha256": strings.Repeat("1", 64), "upload": "/run/nothing"},
		"exit status 1: no":                 broken,
	} {
		if a := m.Call(map[string]any{"programs": []any{program}}); !a.Failed || a.Changed || !strings.Contains(a.Msg, want) {
			t.Errorf("%v: %s, want a failure with %s", program, a.Raw, want)
		}
		if got := m.sh("sha256sum </usr/local/bin/sleep; ls -A /usr/local/bin | wc -l"); got != before+"\n1" {
			t.Errorf("%v left %s", program, got)
		}
	}
}

func TestUsers_and_files_of_theirs(t *testing.T) {
	m := onMachine(t)
	args := map[string]any{
		"users": []any{"rdtest"},
		"files": []any{map[string]any{"path": "/etc/rundock/keys", "content": "hush-hush\n", "group": "rdtest", "mode": "0640", "secret": true}},
	}
	planned, done := m.Apply(args, "user rdtest made", "/etc/rundock/keys written")
	if got := m.sh("stat -c '%U:%G %a' /etc/rundock/keys"); got != "root:rdtest 640" {
		t.Errorf("the file is %s", got)
	}
	for _, raw := range []string{planned.Raw, done.Raw} {
		if strings.Contains(raw, "hush-hush") {
			t.Errorf("the result has the secret: %s", raw)
		}
	}
	m.Apply(map[string]any{"users": []any{map[string]any{"name": "rdtest", "reads": []any{"/etc/rundock/keys"}}}})
	m.sh("chmod 600 /etc/rundock/keys")
	if a := m.Call(map[string]any{"users": []any{map[string]any{"name": "rdtest", "reads": []any{"/etc/rundock/keys"}}}}); !a.Failed || !strings.Contains(a.Msg, "the user rdtest may not read /etc/rundock/keys") {
		t.Errorf("a file that the user may not read: %s", a.Raw)
	}
	raw := map[string]any{"files": []any{map[string]any{"path": "/etc/rundock/store.p12", "content": "AP+AiQo=", "encoding": "base64"}}}
	m.Apply(raw, "/etc/rundock/store.p12 written")
	if got := m.sh("od -An -tx1 /etc/rundock/store.p12"); got != "00 ff 80 89 0a" {
		t.Errorf("a file that is no text holds %s", got)
	}
	m.Refuses(map[string]any{"files": []any{map[string]any{"path": "/etc/rundock/keys", "content": "hush", "encoding": "base64", "mode": "0600"}, map[string]any{"path": "/x", "content": "x*", "encoding": "base64"}}}, "content of /x is not base64")
	m.Refuses(map[string]any{"files": []any{map[string]any{"path": "/etc/rundock/keys", "content": "x", "mode": "rw"}}}, `mode "rw" of /etc/rundock/keys`)
	m.Refuses(map[string]any{"services": []any{map[string]any{"name": "a b", "ready": "true"}}}, `name "a b"`)
}

// What the roles of before had made is as they left it: the first call changes
// nothing, and the process runs on.
func TestTakes_over_what_roles_have_made(t *testing.T) {
	m := onNappingMachine(t)
	m.write("/etc/rundock/nap.conf", "nap 1\n", 0o644)
	m.write("/etc/sv/nap/run", napScript, 0o755)
	m.write("/etc/sv/nap/log/run", "#!/bin/sh\nmkdir -p -m 0750 /var/log/nap && exec svlogd -tt /var/log/nap\n", 0o755)
	m.sh("cp /bin/sleep /usr/local/bin/sleep && ln -s /etc/sv/nap /etc/service/nap")
	pid := m.running("nap")
	args := napping(napScript, "nap 1\n", "restart")
	args["programs"] = []any{m.offered("sleep", m.sleep(""))}
	m.Apply(args)
	if m.running("nap") != pid {
		t.Error("the process is another one")
	}
	m.Apply(napping(napScript+"# newer\n", "nap 1\n", "restart"), "service nap updated", "service nap restarted")
}

func TestDaemon_json_and_what_waits_for_dockerd(t *testing.T) {
	m := onMachine(t)
	m.sh("mkdir -p /etc/docker; echo '{' >/etc/docker/daemon.json")
	docker := map[string]any{"docker": map[string]any{"settings": map[string]any{"live-restore": true}}}
	m.Refuses(docker, "/etc/docker/daemon.json is not a JSON object")
}

// rundockd images is left alone by a hand-over, so that none is asked for on account of it for ever.
func TestA_process_of_a_replaced_program_is_handed_over_unless_it_serves_images(t *testing.T) {
	m := onMachine(t)
	for verb, want := range map[string]bool{"filter": true, "images": false} {
		// A shell by the name of rundockd, whose script is called as the verb.
		m.sh("rm -f /usr/local/bin/rundockd && cp /bin/sh /usr/local/bin/rundockd")
		m.write("/run/verbs/"+verb, "sleep 1000; true\n", 0o644)
		m.write("/etc/sv/old/run", "#!/bin/sh\ncd /run/verbs\nexec /usr/local/bin/rundockd "+verb+"\n", 0o755)
		m.sh("ln -s /etc/sv/old /etc/service/old")
		await.True(t, "it runs", func() bool {
			pid, _ := os.ReadFile("/etc/sv/old/supervise/pid")
			exe, _ := os.Readlink("/proc/" + strings.TrimSpace(string(pid)) + "/exe")
			return exe == "/usr/local/bin/rundockd"
		})
		m.sh("rm /usr/local/bin/rundockd")
		m.write("/usr/local/bin/rundockd", "#!/bin/sh\n", 0o755)
		if a := m.Call(map[string]any{"facts": true}, "check_mode"); a.Failed || a.Changed != want {
			t.Errorf("rundockd %s of a program that was replaced: changed=%v, want %v: %s", verb, a.Changed, want, a.Raw)
		}
		// With the link still there, runsvdir would start runsv again.
		m.sh("rm /etc/service/old; sv -w 20 exit /etc/sv/old; rm -r /etc/sv/old")
	}
}
