// Package rsyslogtest runs a real rsyslogd as a receiver of logs. Only tests import it.
package rsyslogtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Command is an rsyslogd that takes messages by TLS at address, with cert.pem and key.pem of dir. It writes a
// message to Received(dir) before it reads the next: structured data, host, service, part and time, a bar, and the text.
func Command(t testing.TB, dir, address string) *exec.Cmd {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`
global(workDirectory="%[1]s" defaultNetstreamDriverCAFile="%[1]s/cert.pem" defaultNetstreamDriverCertFile="%[1]s/cert.pem" defaultNetstreamDriverKeyFile="%[1]s/key.pem")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="all" type="string" string="%%structured-data%% %%hostname%% %%app-name%% %%msgid%% %%timestamp:::date-rfc3339%%|%%msg%%\n")
ruleset(name="in" queue.type="Direct") { action(type="omfile" file="%[2]s" template="all" asyncWriting="off" flushOnTXEnd="on") }
input(type="imtcp" address="%[3]s" port="%[4]s" ruleset="in")
`, dir, Received(dir), host, port)
	path := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return exec.Command("rsyslogd", "-n", "-f", path, "-i", filepath.Join(dir, "pid"))
}

// Received is the file of what the rsyslogd of dir has received.
func Received(dir string) string { return filepath.Join(dir, "received") }
