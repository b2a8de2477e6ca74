// Command collection writes the Ansible collection of the checkout that it is called in,
// into a folder, and prints its path. make collection calls it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/checkout"
	"rundock/internal/collection"
	"rundock/internal/fstree"
)

func main() {
	to := flag.String("to", "bin", "the folder that the tarball is written to")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "collection: %s is too much\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := write(*to); err != nil {
		fmt.Fprintln(os.Stderr, "collection:", err)
		os.Exit(1)
	}
}

func write(to string) error {
	var source collection.Source
	var err error
	if source.Checkout, err = checkout.Read("."); err != nil {
		return err
	}
	if source.Notices, err = checkout.Notices(".", "The modules in programs/ are", "purego", "./modules/..."); err != nil {
		return err
	}
	data, err := collection.Build(source)
	if err != nil {
		return err
	}
	name := filepath.Join(to, strings.ReplaceAll(collection.Name, ".", "-")+"-"+source.Version+".tar.gz")
	if err := fstree.Replace(name, 0o644, data); err != nil {
		return err
	}
	fmt.Println(name)
	return nil
}
