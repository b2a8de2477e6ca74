package renderer

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/render"
	"rundock/supervisor"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd render [--once | --dry-run] [--diff] [NAME...]

Keeps the files of the templates that /etc/rundock/templates/*.json define as
these and the store say. Without a flag it runs until it is told to leave, for
all templates; runsv starts it so. HUP: leave, so that a successor reads the
definitions anew. How each template stands is in /run/rundock/templates/NAME.json.

  --once     make each file once, and leave
  --dry-run  say what --once would do, and do nothing
  --diff     show how a file would change, with --dry-run
  --try      for modules: say in JSON what the definition on stdin would make,
             after waiting --patience for the store; with --offline, only
             whether definition and template can be read

Exit codes: 0 all files are as they should be (with --dry-run: as they would
be), 1 the store does not answer, 2 bad usage, 3 a file stays as it is, and why
is said.

Examples:
  rundockd render --dry-run --diff
  rundockd render --once haproxy
`

// Main is `rundockd render`.
func Main(args []string) int {
	set := flag.NewFlagSet("render", flag.ContinueOnError)
	once, dry, diff := set.Bool("once", false, ""), set.Bool("dry-run", false, ""), set.Bool("diff", false, "")
	try, offline, patience := set.Bool("try", false, ""), set.Bool("offline", false, ""), set.Duration("patience", 2*report.Patience, "")
	names, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case *diff && !*dry:
		return report.BadUsage("render", "--diff is for --dry-run")
	case len(names) > 0 && !*once && !*dry:
		return report.BadUsage("render", "names are for --once and --dry-run")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	if *try {
		return tried(ctx, os.Stdin, os.Stdout, *offline, *patience)
	}
	if !*once && !*dry {
		process.KeepSmall()
		return resident(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, oncePatience)
	defer cancel()
	code, err := now(ctx, names, *dry, *diff)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd render:", err)
	}
	return code
}

// resident keeps all templates until ctx is done.
func resident(ctx context.Context) int {
	log := process.NewLogger()
	err := func() error {
		cfg, err := hostconfig.Load(hostconfig.Path)
		if err != nil {
			return err
		}
		unlock, err := process.TakeOver(ctx, control.TemplateLock(control.Dir, ""), "render", log)
		if err != nil {
			return err
		}
		defer unlock()
		read := definitions(supervisor.TemplateDir)
		// One broken definition must not stop the others.
		templates, err := supervisor.ReadTemplates(supervisor.TemplateDir)
		if err != nil {
			log.Error("a template is left out", "err", err)
		}
		store, err := open.Store(cfg, log)
		if err != nil {
			return fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		defer store.Close()
		h := newHost(control.Dir, cfg, log)
		h.read = read
		return h.run(ctx, store, templates)
	}()
	if err != nil && ctx.Err() == nil {
		log.Error("cannot render", "err", err)
		process.Pause(ctx)
		return 100
	}
	return 0
}

// definitions are the sums of the definitions in dir by name, taken before they
// are read: see control.Digest.
func definitions(dir string) map[string]string {
	sums := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	for _, path := range files {
		sums[strings.TrimSuffix(filepath.Base(path), ".json")] = control.FileSum(path)
	}
	return sums
}

// oncePatience bounds --once and --dry-run: two commands a template may take
// their time.
const oncePatience = 10 * commandPatience

// now is --once and --dry-run: each template once, from the store as it is.
func now(ctx context.Context, names []string, dry, diff bool) (code int, err error) {
	templates, wrong := supervisor.ReadTemplates(supervisor.TemplateDir)
	templates, err = named(templates, names)
	if err != nil {
		return report.ExitUsage, errors.Join(err, wrong)
	}
	if wrong != nil {
		code = report.ExitWrong
	}
	log := process.NewLogger()
	cfg, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return report.ExitUnknown, err
	}
	store, err := open.Store(cfg, log)
	if err != nil {
		return report.ExitUnknown, err
	}
	defer store.Close()
	h := newHost(control.Dir, cfg, log)
	if err := h.load(ctx, store, 2*report.Patience); err != nil {
		return report.ExitUnknown, err
	}
	for _, t := range templates {
		if well, err := h.once(ctx, t, dry, diff, os.Stdout); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("template %s: %w", t.Name, err))
			code = report.ExitWrong
		} else if !well {
			code = report.ExitWrong
		}
	}
	return code, wrong
}

// named are the templates of these names; no names are all.
func named(all []supervisor.Template, names []string) (some []supervisor.Template, err error) {
	if len(names) == 0 {
		return all, nil
	}
	byName := map[string]supervisor.Template{}
	for _, t := range all {
		byName[t.Name] = t
	}
	for _, name := range names {
		t, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("there is no template %s in %s", name, supervisor.TemplateDir)
		}
		some = append(some, t)
	}
	return some, nil
}

// load reads the whole store, which may be away for as long as patience.
func (h *host) load(ctx context.Context, store registry.Store, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	keys, revision, err := store.List(ctx, render.Prefix)
	for err != nil && pause.For(ctx, 250*time.Millisecond) == nil {
		if again, r, e := store.List(ctx, render.Prefix); ctx.Err() == nil || e == nil {
			keys, revision, err = again, r, e // what the end of patience cuts off says less than what was before
		}
	}
	if err != nil {
		return err
	}
	b := registry.Batch{Complete: true, Revision: revision}
	for _, k := range keys {
		b.Changes = append(b.Changes, registry.Change{Key: k.Key, Value: k.Value})
	}
	h.apply(b)
	return nil
}

// once makes the file of t, or says what that would change. well says that the
// file is, or would be, as it should be.
func (h *host) once(ctx context.Context, t supervisor.Template, dry, diff bool, out io.Writer) (well bool, err error) {
	if dry {
		return true, h.foretell(ctx, t, diff, out)
	}
	j, err := h.job(t)
	if err != nil {
		return false, err
	}
	j.attempt(ctx)
	fmt.Fprintf(out, "%s: %s\n", t.Name, strings.Join(strings.Fields(string(j.status.State)+" "+t.Dest+" "+j.status.Reason), " "))
	return j.status.State == control.TemplateCurrent, nil
}

// foretell says what an attempt would do. It writes nothing.
func (h *host) foretell(ctx context.Context, t supervisor.Template, diff bool, out io.Writer) error {
	f, _, err := h.foreseen(t)
	if err != nil {
		return err
	}
	present, err := f.present()
	if err != nil {
		return err
	}
	if present {
		fmt.Fprintf(out, "%s: %s is as it should be\n", t.Name, t.Dest)
		return nil
	}
	fmt.Fprintf(out, "%s: %s would be replaced\n", t.Name, t.Dest)
	if diff {
		return showDiff(ctx, f, out)
	}
	return nil
}

// foreseen is the file that an attempt would make, and what it was made from. An
// error says why the last good file would stay.
func (h *host) foreseen(t supervisor.Template) (f file, made render.Result, err error) {
	before, err := control.ReadTemplate(h.statusDir, t.Name)
	if err != nil {
		return f, made, err
	}
	if before.Dest != t.Dest {
		before.Services = nil
	}
	j := &job{host: h, t: t}
	if made, _, err = j.render(); err != nil {
		return f, made, err
	}
	if why := keep(t.Floor, before.Services, made.Services, false); why != "" {
		return f, made, errors.New(why)
	}
	f, err = wanted(t, made.Data)
	return f, made, err
}

// showDiff prints how the file would change, by diff(1).
func showDiff(ctx context.Context, f file, out io.Writer) error {
	before := f.path
	if _, err := os.Stat(before); errors.Is(err, os.ErrNotExist) {
		before = os.DevNull
	}
	cmd := exec.CommandContext(ctx, "diff", "-u", "--label", f.path, "--label", f.path+" (rendered)", before, "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(f.data), out, os.Stderr
	var differs *exec.ExitError
	if err := cmd.Run(); err != nil && !(errors.As(err, &differs) && differs.ExitCode() == 1) {
		return fmt.Errorf("diff: %w", err)
	}
	return nil
}
