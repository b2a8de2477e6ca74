// Command docsite writes the pages of the checkout that it is called in as HTML, with a
// reference of modules, roles and the programs in bin/, into a folder, and prints its path.
// make docs calls it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"rundock/internal/checkout"
	"rundock/internal/docsite"
	"rundock/internal/fstree"
)

func main() {
	to := flag.String("to", "bin/docs", "the folder that is written, and emptied before")
	programs := flag.String("programs", "bin", "the folder with the programs")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "docsite: %s is too much\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := write(*to, *programs); err != nil {
		fmt.Fprintln(os.Stderr, "docsite:", err)
		os.Exit(1)
	}
	fmt.Println(filepath.Join(*to, "index.html"))
}

func write(to, programs string) error {
	from, err := checkout.Read(".")
	if err != nil {
		return err
	}
	source := docsite.Source{Root: from.Root, Tracked: from.Tracked, Programs: map[string]map[string]string{}}
	for _, program := range []string{"rundockd", "previewd", "dnsd"} {
		if source.Programs[program], err = usages(filepath.Join(programs, program)); err != nil {
			return err
		}
	}
	files, err := docsite.Build(source)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	for path, data := range files {
		name := filepath.Join(to, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := fstree.Replace(name, 0o644, data); err != nil {
			return err
		}
	}
	return nil
}

// named is the line of a list of commands that names one.
var named = regexp.MustCompile(`(?m)^  ([a-z][a-z-]+)\b`)

// usages asks a program for its usage, and for that of each command that it lists.
func usages(program string) (map[string]string, error) {
	all := map[string]string{}
	for of, args := range map[string][]string{"": {"--help"}, "help": {"help"}} {
		said, err := exec.Command(program, args...).Output()
		if err != nil {
			return nil, fmt.Errorf("usage of %s (make builds it): %w", program, err)
		}
		all[of] = string(said)
	}
	for _, m := range named.FindAllStringSubmatch(all["help"], -1) {
		if said, err := exec.Command(program, "help", m[1]).Output(); err == nil && m[1] != "help" {
			all[m[1]] = string(said)
		}
	}
	if all["help"] == all[""] {
		delete(all, "help")
	}
	return all, nil
}
