// Command lab makes and handles the hosts of package lab; usage below.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"rundock/internal/lab"
)

const usage = `lab runs several Debian hosts on this machine, as root:

  lab up [--hosts N] [--bare | --prepared] [--no-python HOST]...
         [--release HOST=RELEASE]...
                                bring the lab up; three prepared hosts at first
  lab down                      remove it
  lab status [--json]           what there is
  lab exec HOST -- CMD [ARG]... run a command on a host, not over the network
  lab ssh HOST [CMD [ARG]...]   the same as Ansible does it
  lab stop HOST                 power loss
  lab start HOST                boot
  lab partition HOST            cut a host off from the networks
  lab heal HOST                 undo it
  lab images [--load HOST | --push]
                                build the test images; load them on a host, or
                                push them to ` + lab.Registry + `

Environment: RUNDOCK_LAB_ID (default rd), RUNDOCK_LAB_DIR, RUNDOCK_LAB_CACHE,
RUNDOCK_LAB_STATE, RUNDOCK_LAB_MIRROR, RUNDOCK_LAB_RELEASE; RUNDOCK_LAB_PLAIN=1
has the inventory say rundock_trust=false.
Status: 0 done, 1 failed, 2 wrong usage; exec and ssh: the command's own.
`

// errUsage marks errors of the command line.
type errUsage struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:])
	var wrong errUsage
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "lab: %v\n\n%s", err, usage)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage{errors.New("no command given")}
	}
	name, args := args[0], args[1:]
	if slices.Contains([]string{"help", "-h", "--help"}, name) {
		fmt.Print(usage)
		return nil
	}
	commands := map[string]func(context.Context, *lab.Lab, []string) error{
		"up": up, "down": down, "status": status, "exec": execute, "ssh": ssh, "images": images,
		"stop":      onHost("stopped", func(_ context.Context, l *lab.Lab, h string) error { return l.Stop(h) }),
		"start":     onHost("is up", func(ctx context.Context, l *lab.Lab, h string) error { return l.Start(ctx, h) }),
		"partition": onHost("cut off", func(_ context.Context, l *lab.Lab, h string) error { return l.Partition(h) }),
		"heal":      onHost("connected", func(_ context.Context, l *lab.Lab, h string) error { return l.Heal(h) }),
	}
	run, ok := commands[name]
	if !ok {
		return errUsage{fmt.Errorf("no command %q", name)}
	}
	l, err := lab.New(lab.ConfigFrom(os.Getenv))
	if err != nil {
		return err
	}
	began := time.Now()
	l.Progress = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%5.1fs %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	return run(ctx, l, args)
}

// parse reads args with flags; what is left must be count words.
func parse(flags *flag.FlagSet, args []string, count int, words string) error {
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		return errUsage{fmt.Errorf("%s: %w", flags.Name(), err)}
	}
	if flags.NArg() != count {
		return errUsage{fmt.Errorf("%s: want %s after the flags, have %q", flags.Name(), words, flags.Args())}
	}
	return nil
}

func up(ctx context.Context, l *lab.Lab, args []string) error {
	var o lab.Options
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.Func("hosts", "", func(v string) (err error) {
		if o.Hosts, err = strconv.Atoi(v); err != nil || o.Hosts < 1 || o.Hosts > lab.MaxHosts {
			err = fmt.Errorf("want 1 to %d", lab.MaxHosts)
		}
		return err
	})
	bare := flags.Bool("bare", false, "")
	prepared := flags.Bool("prepared", false, "")
	flags.Func("no-python", "", func(h string) error { o.NoPython = append(o.NoPython, h); return nil })
	flags.Func("release", "", func(v string) error {
		host, release, found := strings.Cut(v, "=")
		if !found {
			return errors.New("want a host and its Debian release, as node-back-2=trixie")
		}
		if o.Releases == nil {
			o.Releases = make(map[string]string)
		}
		o.Releases[host] = release
		return nil
	})
	if err := parse(flags, args, 0, "nothing"); err != nil {
		return err
	}
	if *bare && *prepared {
		return errUsage{errors.New("up: --bare and --prepared exclude each other")}
	}
	switch {
	case *bare:
		o.Flavour = lab.Bare
	case *prepared:
		o.Flavour = lab.Prepared
	}
	began := time.Now()
	did, err := l.Up(ctx, o)
	if err != nil {
		return err
	}
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if len(did) == 0 {
		fmt.Printf("lab %s is up already: %d %s hosts; nothing changed\n", s.ID, len(s.Hosts), s.Flavour)
		return nil
	}
	fmt.Printf("lab %s is up: %d %s hosts in %.1f s; inventory in %s\n", s.ID, len(s.Hosts), s.Flavour, time.Since(began).Seconds(), s.Inventory)
	return nil
}

func down(_ context.Context, l *lab.Lab, args []string) error {
	if err := parse(flag.NewFlagSet("down", flag.ContinueOnError), args, 0, "nothing"); err != nil {
		return err
	}
	found, err := l.Down()
	if err != nil {
		return err
	}
	if !found {
		fmt.Printf("lab %s was not there; nothing changed\n", l.ID)
		return nil
	}
	fmt.Printf("lab %s is gone\n", l.ID)
	return nil
}

func status(ctx context.Context, l *lab.Lab, args []string) error {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	if err := parse(flags, args, 0, "nothing"); err != nil {
		return err
	}
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(s)
	}
	if !s.Up && len(s.Hosts) == 0 {
		fmt.Printf("lab %s is down\n", s.ID)
		return nil
	}
	if !s.Up {
		fmt.Printf("lab %s has no running switch: its hosts are unconnected; run lab up\n", s.ID)
	}
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tSTATE\tPRIVATE\tPUBLIC\tSSH\tDOCKER\tPYTHON\tRELEASE")
	for _, h := range s.Hosts {
		state, public := h.State, "-"
		if h.Partitioned {
			state += ", cut off"
		}
		if h.Public.IsValid() {
			public = h.Public.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.Name, state, h.Private, public, yes(h.SSH), yes(h.Docker), yes(h.Python), h.Release)
	}
	return w.Flush()
}

// onHost is a command whose one argument is a host; done is what it then is.
func onHost(done string, act func(context.Context, *lab.Lab, string) error) func(context.Context, *lab.Lab, []string) error {
	return func(ctx context.Context, l *lab.Lab, args []string) error {
		if len(args) != 1 || strings.HasPrefix(args[0], "-") {
			return errUsage{fmt.Errorf("want one host, have %q", args)}
		}
		if err := act(ctx, l, args[0]); err != nil {
			return err
		}
		fmt.Printf("%s %s\n", args[0], done)
		return nil
	}
}

func execute(_ context.Context, l *lab.Lab, args []string) error {
	if len(args) > 1 && args[1] == "--" {
		args = slices.Delete(slices.Clone(args), 1, 2)
	}
	if len(args) < 2 {
		return errUsage{errors.New("exec: want HOST -- CMD")}
	}
	return l.Become(args[0], args[1:])
}

func ssh(_ context.Context, l *lab.Lab, args []string) error {
	if len(args) == 0 {
		return errUsage{errors.New("ssh: want a host")}
	}
	line, err := l.SSH(args[0], args[1:]...)
	if err != nil {
		return err
	}
	path, err := exec.LookPath(line[0])
	if err != nil {
		return err
	}
	return fmt.Errorf("run ssh: %w", syscall.Exec(path, line, os.Environ()))
}

func images(ctx context.Context, l *lab.Lab, args []string) error {
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	load := flags.String("load", "", "")
	push := flags.Bool("push", false, "")
	if err := parse(flags, args, 0, "nothing"); err != nil {
		return err
	}
	archives, err := l.Images(ctx)
	if err != nil {
		return err
	}
	var references []string
	switch {
	case *push && *load != "":
		return errUsage{errors.New("images: --load and --push exclude each other")}
	case *push:
		references, err = l.Push(ctx, archives)
	case *load != "":
		references, err = l.Load(ctx, *load, archives)
	default:
		references = archives
	}
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(references, "\n"))
	return nil
}
