package imageserver

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd images serve --listen ADDRESS:PORT --to SOCKET --cert FILE --key FILE
       rundockd images user NAME REGISTRY...
       rundockd images forget REGISTRY...

  serve   takes TLS at ADDRESS:PORT and passes on what is said to an image registry at
          a Unix socket. Another certificate in FILE is taken up by itself. runsv
          starts it so
  user    this host is the user NAME of image registries (registry.example.com:5000): it
          has a password for them in /root/.docker/config.json, and their line of it,
          for htpasswd, in /etc/rundock/image-user. Both are made where they are not
          there, or do not match, and that is said
  forget  takes both away

Exit codes: 0 well, 1 it failed, 2 bad usage.

Examples:
  rundockd images user node-back-1 registry.s.prod.example.com:5000
`

// Main is `rundockd images`.
func Main(args []string) int {
	set := flag.NewFlagSet("images", flag.ContinueOnError)
	var at front
	set.StringVar(&at.listen, "listen", "", "")
	set.StringVar(&at.to, "to", "", "")
	set.StringVar(&at.pair.cert, "cert", "", "")
	set.StringVar(&at.pair.key, "key", "", "")
	words, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	u := user{line: UserFile, config: dockerConfig}
	var err error
	switch {
	case len(words) == 1 && words[0] == "serve" && at.listen != "" && at.to != "" && at.pair.cert != "" && at.pair.key != "":
		process.NoMoreRights()
		return process.Resident(process.ErrStop, "cannot serve images", at.listenAndServe)
	case set.NFlag() > 0:
		return report.BadUsage("images", "--listen, --to, --cert and --key are for serve, which needs all of them")
	case len(words) > 2 && words[0] == "user":
		var made bool
		if made, err = u.ensure(words[1], words[2:]); made && err == nil {
			fmt.Printf("made a password of the user %s for %s\n", words[1], strings.Join(words[2:], " "))
		}
	case len(words) > 1 && words[0] == "forget":
		var gone bool
		if gone, err = u.forget(words[1:]); gone && err == nil {
			fmt.Printf("removed the user of %s\n", strings.Join(words[1:], " "))
		}
	default:
		return report.BadUsage("images", fmt.Sprintf("want serve, user NAME REGISTRY or forget REGISTRY, not %q", strings.Join(words, " ")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd images:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

// listenAndServe serves until ctx is done.
func (f front) listenAndServe(ctx context.Context, log *slog.Logger) error {
	var listening net.ListenConfig
	l, err := listening.Listen(ctx, "tcp", f.listen)
	if err != nil {
		return err
	}
	return f.serve(ctx, l, log)
}
