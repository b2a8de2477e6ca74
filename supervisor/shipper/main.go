package shipper

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd ship [status [--json] | check [FILE]]

Ships the logs of this host's services, and of rundock's own parts, to the receiver in
/etc/rundock/ship.json: by syslog over TLS, or by fluentd's forward protocol. What is not
acknowledged is kept on disk. runsv starts it so.
TERM or HUP: have what was sent be acknowledged, and leave.

  status   how it stands; --json: one document, described in docs/operations.md
  check    whether the receiver can be reached, and its certificate is right;
           check FILE: whether FILE is right as settings

Exit codes: 0 well, 1 it could not be found out, 2 bad usage, 3 something is
wrong, and what is said.

Examples:
  rundockd ship status
  rundockd ship check
`

// Main is `rundockd ship`.
func Main(args []string) int {
	if len(args) == 0 {
		process.NoMoreRights()
		return process.Resident(process.ErrStop, "cannot ship logs", setUpAndRun)
	}
	set := flag.NewFlagSet("ship", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	words, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case *asJSON && (len(words) != 1 || words[0] != "status"):
		return report.BadUsage("ship", "--json is for status")
	case len(words) == 1 && words[0] == "status":
		return showStatus(*asJSON)
	case len(words) == 1 && words[0] == "check":
		return said(checkReceiver())
	case len(words) == 2 && words[0] == "check":
		_, err := Read(words[1])
		return said(err)
	}
	return report.BadUsage("ship", fmt.Sprintf("want status or check, not %q", strings.Join(words, " ")))
}

// said tells of an error of check, and returns the exit code.
func said(err error) int {
	if err == nil {
		return report.ExitWell
	}
	fmt.Fprintf(os.Stderr, "rundockd ship check: %v\n", err)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return report.ExitUnknown
	}
	return report.ExitWrong
}

// checkReceiver connects to the receiver, and sends nothing.
func checkReceiver() error {
	settings, err := Read(SettingsFile)
	if err != nil {
		return err
	}
	to, err := settings.receiver()
	if err != nil {
		return err
	}
	c, err := to.connect(context.Background(), usual.answer)
	if err != nil {
		return err
	}
	defer c.Close()
	if to.kind == "syslog" {
		// That a certificate of ours is refused is heard once the handshake is over.
		if err := newSyslogSession(c).finish(); err != nil {
			return err
		}
	}
	fmt.Printf("%s is reached\n", settings.To)
	return nil
}

// setUpAndRun reads the settings, takes over from a predecessor, and runs. An error comes
// from the set-up.
func setUpAndRun(ctx context.Context, log *slog.Logger) error {
	digest := control.FileSum(SettingsFile)
	settings, err := Read(SettingsFile)
	if err != nil {
		return err
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return err
	}
	unlock, err := process.TakeOver(ctx, control.ShipLock(control.Dir), "ship", log)
	if err != nil {
		return err
	}
	defer unlock()
	return setup{
		settings: settings, host: host.Host, logs: "/var/log", sv: folders.SV,
		state: filepath.Join(hostconfig.StateDir, "ship"), status: control.Dir, digest: digest, timing: usual,
	}.run(ctx, log)
}
