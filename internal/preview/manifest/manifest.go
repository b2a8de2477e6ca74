package manifest

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"rundock/internal/preview"
	"rundock/internal/stack"
	"rundock/internal/stack/compose"
)

// Input is what a preview is made of.
type Input struct {
	Name  string   // of the preview
	Tree  fs.FS    // the branch's files: an os.Root's, which no symbolic link leads out of
	Files []string // compose files in it; none: the first there is of Usual
	URL   string   // of the preview; its services have it as PREVIEW_URL
	Key   []byte   // by which secrets are digested: the site's

	// Env is what ${X} stands for, besides .env in the tree and PREVIEW_URL: nothing else does, and
	// no variable of ours is among them. Values get into the release.
	Env    map[string]string
	Limits Limits
}

// Limits are what a service of a preview has at most, and has where it does not say.
type Limits struct {
	Memory   int64 // bytes; 0 is 512 MiB
	CPU      int   // thousandths of a processor; 0 is 1000
	PIDs     int   // processes and threads; 0 is 512
	Services int   // of a preview; 0 is 20
}

func (l Limits) settled() Limits {
	return Limits{cmp.Or(l.Memory, 512<<20), cmp.Or(l.CPU, 1000), cmp.Or(l.PIDs, 512), cmp.Or(l.Services, 20)}
}

// Result is what runs as the preview.
type Result struct {
	Stack  stack.Stack      // its services have no ports of hosts; images of those with Build are to be made
	Routes map[string]Route // by the label before the preview's name; "" is the name itself
	Notes  []string         // what is done otherwise than the files say

	Configs map[string][]byte         // what configs hold, by their hash
	Secrets map[string]compose.Secret // what secrets hold, by their key
}

// Route is a service of the preview, and the port on which it takes requests.
type Route struct {
	Service string
	Port    int
}

// Make makes a preview of a branch's files. Its error is compose.Errors, Refusals, which are all
// there are, or of the system.
func Make(ctx context.Context, in Input) (Result, error) {
	if err := preview.CheckName(in.Name); err != nil {
		return Result{}, err
	}
	files := in.Files
	if len(files) == 0 {
		found, err := usual(in.Tree)
		if err != nil {
			return Result{}, err
		}
		files = []string{found}
	}
	env := map[string]string{"PREVIEW_URL": in.URL, "PREVIEW_NAME": in.Name}
	for name, value := range in.Env {
		env[name] = value
	}
	loaded, err := compose.Load(ctx, compose.Input{
		Name: preview.StackOf(in.Name), Files: files, Read: reader(in.Tree), Env: env, Key: in.Key, BuiltAs: preview.StackOf(in.Name) + "/",
	})
	if err != nil {
		return Result{}, err
	}
	limits := in.Limits.settled()
	if refused := refuse(loaded.Stack, limits); len(refused) > 0 {
		return Result{}, refused
	}
	routes, err := routesOf(loaded.X["x-rundock"], loaded.Stack)
	if err != nil {
		return Result{}, err
	}
	r := Result{Routes: routes, Configs: loaded.Configs, Secrets: loaded.Secrets}
	for _, n := range loaded.Notes {
		if n.Key != "ports" && !strings.HasPrefix(n.Key, "ports[") { // there are none
			r.Notes = append(r.Notes, n.String())
		}
	}
	for _, name := range loaded.Inactive {
		r.Notes = append(r.Notes, fmt.Sprintf("service %s is left out: it is of a profile, and a preview has none", name))
	}
	settled, notes := settle(loaded.Stack, in.URL, limits)
	r.Stack, r.Notes = settled, append(r.Notes, notes...)
	return r, nil
}

// Refusals are what a preview may not have, each a line for people.
type Refusals []string

func (r Refusals) Error() string { return strings.Join(r, "; ") }

func (r *Refusals) add(format string, values ...any) {
	if text := fmt.Sprintf(format, values...); !slices.Contains(*r, text) {
		*r = append(*r, text)
	}
}
