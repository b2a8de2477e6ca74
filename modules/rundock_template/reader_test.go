package main

import (
	"os"
	"testing"

	"rundock/internal/await"
)

// reader is a service that writes down each HUP that it gets, where no call looks: it
// may come after the call's end.
const reader = `#!/bin/sh
trap 'echo told >>/run/told' HUP
touch /run/ready
while :; do sleep 0.05; done
`

// The file has the owner and the mode that are asked for, the one before is kept,
// and the service that reads it gets its signal once for each change.
func TestFile_is_as_asked_for_and_its_reader_is_told(t *testing.T) {
	m := onHost(t)
	m.web(1)
	m.Put("/colour", "blue")
	m.Sh("mkdir", "-p", "/etc/sv/reader")
	m.Write("/etc/sv/reader/run", reader)
	m.Sh("chmod", "0755", "/etc/sv/reader/run")
	must(t, os.Symlink("/etc/sv/reader", "/etc/service/reader"))
	t.Cleanup(func() { m.Sh("sh", "-c", "rm /etc/service/reader; sv -w 20 exit /etc/sv/reader; rm -r /etc/sv/reader") })
	await.True(t, "the reader listens", func() bool { _, err := os.Stat("/run/ready"); return err == nil })

	given := with(web, args{"reload": nil, "signal": args{"service": "reader", "signal": "HUP"}, "owner": "daemon", "group": "mail", "mode": "0640", "backup": true})
	m.Apply(given, "definition written", "renderer installed", "renderer enabled", "file replaced")
	if got := m.Sh("stat", "-c", "%U:%G %a", "/etc/web/web.conf"); got != "daemon:mail 640\n" {
		t.Errorf("the file is of %q", got)
	}
	await.True(t, "the reader was told once", func() bool { return m.Text("/run/told") == "told\n" })
	m.Put("/colour", "green")
	await.True(t, "the reader was told again", func() bool { return m.Text("/run/told") == "told\ntold\n" })
	if got := m.Text("/etc/web/web.conf~"); got != "# blue\n10.0.0.1:80\n" {
		t.Errorf("the file before is kept as %q", got)
	}
	if got := m.Sh("stat", "-c", "%U:%G %a", "/etc/web/web.conf"); got != "daemon:mail 640\n" {
		t.Errorf("the next file is of %q", got)
	}
}
