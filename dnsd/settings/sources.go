package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"rundock/internal/hostconfig"
)

// sources says which flags do not have their defaults, and holds host.json.
type sources struct {
	given  map[string]bool // flags, by name: set by whichever source
	hosted bool            // there is a host.json
	host   hostconfig.Config

	readFile func(string) ([]byte, error)
}

// read fills in f, through set: from args, else the environment, else the
// file --config. Other arguments than flags, which may stand between them, are
// returned. An error has all that is wrong with one of the three, each in a
// line.
func (f *flags) read(set *flag.FlagSet, args []string, env func(string) (string, bool), readFile func(string) ([]byte, error)) (src sources, others []string, err error) {
	src.readFile = readFile
	set.SetOutput(io.Discard)
	for {
		wrong := set.Parse(args)
		if errors.Is(wrong, flag.ErrHelp) {
			return src, nil, wrong
		}
		err = errors.Join(err, wrong)
		if args = set.Args(); len(args) == 0 {
			break
		}
		if wrong == nil {
			others, args = append(others, args[0]), args[1:]
		}
	}
	if err != nil {
		return src, nil, err
	}
	src.given = map[string]bool{}
	set.Visit(func(fl *flag.Flag) { src.given[fl.Name] = true })
	if err = readEnvironment(set, src.given, env); err == nil && !f.version {
		err = f.readFiles(set, &src, readFile)
	}
	return src, others, err
}

// readEnvironment sets the flags that are not given by their variables. It adds
// to given; an error names each variable that is wrong.
func readEnvironment(set *flag.FlagSet, given map[string]bool, env func(string) (string, bool)) (wrong error) {
	set.VisitAll(func(fl *flag.Flag) {
		value, ok := env(variable(fl.Name))
		if !ok || given[fl.Name] || fl.Name == "version" {
			return
		}
		given[fl.Name] = true
		if e := set.Set(fl.Name, value); e != nil {
			wrong = errors.Join(wrong, fmt.Errorf("environment %s: %w", variable(fl.Name), e))
		}
	})
	return wrong
}

// readFiles reads --config and --host-config. A file that was not named need
// not be there.
func (f *flags) readFiles(set *flag.FlagSet, src *sources, readFile func(string) ([]byte, error)) error {
	content, err := readFile(f.config)
	if err != nil && (src.given["config"] || !errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("--config: %w", err)
	}
	if err := configure(set, src.given, content); err != nil {
		return fmt.Errorf("--config: %s: %w", f.config, err)
	}
	content, err = readFile(f.hostConfig)
	if err != nil && (src.given["host-config"] || !errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("--host-config: %w", err)
	}
	if src.hosted = err == nil; !src.hosted {
		return nil
	}
	if src.host, err = hostconfig.Parse(content); err != nil {
		return fmt.Errorf("--host-config: %s: %w", f.hostConfig, err)
	}
	return nil
}

// variable is the environment variable of a flag.
func variable(name string) string {
	return "DNSD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
