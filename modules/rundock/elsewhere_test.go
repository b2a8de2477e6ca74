package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/moduletest"
)

// Each is what somebody writes who comes from docker_container, compose or a
// hurry, and what is answered.
func TestUnknownParametersAreExplained(t *testing.T) {
	m := onHost(t)
	for args, want := range map[string]string{
		"name=web image=app:1 restart_policy=always":                  "restart_policy (runit restarts the container; to restart it now: state=restarted).",
		"name=web image=app:1 recreate=true":                          "recreate (the container is replaced when what it is made of has changed; to replace it anyhow: state=restarted).",
		"name=web image=app:1 detach=true":                            "detach (runit keeps the container in the background).",
		"name=web image=app:1 links=db":                               "links (containers find each other by DNS name).",
		"name=web image=app:1 publish_all_ports=true":                 "publish_all_ports (Docker would choose other ports of the host at each start; name them by -p, as in -p 8080:80).",
		"name=web image=app:1 cpu_quota=5000":                         "cpu_quota (write the limit as cpus).",
		"name=web image=app:1 anounce=80":                             "anounce (did you mean announce?).",
		"nmae=web image=app:1":                                        "nmae (did you mean name?).",
		"name=web image=app:1 container_port=80":                      "container_port (it belongs within announces).",
		"name=web image=app:1 frobnicate=1":                           "frobnicate. `ansible-doc rundock` lists those that there are.",
		"services='[{\"name\":\"web\",\"image\":\"app\",\"tty\":1}]'": "services.tty (a service has no terminal).",
	} {
		m.refuses(args, "Unsupported parameters for (rundock) module: "+want)
	}
}

func TestWhoIsNotRootIsToldSo(t *testing.T) {
	m := onHost(t)
	const nobody = 65534
	const program = "/usr/local/bin/rundock" // where that user may execute it
	must(t, exec.Command("install", "-m", "0755", moduletest.Program("rundock"), program).Run())
	t.Cleanup(func() { os.Remove(program) })
	cmd := exec.Command(program)
	data := []byte(`{"name":"web","image":"app:1"}`)
	cmd.Stdin = bytes.NewReader(data)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if a := m.run(data, cmd); !a.Failed || !strings.Contains(a.Msg, "rundock has to be root on the host: say become: true in the task or the play, or -b in an ad-hoc call") {
		t.Errorf("answered by %s", a.raw)
	}
}
