// Command deb writes the Debian packages of the checkout that it is called in, for all
// architectures, into a folder, and prints their paths. make deb calls it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"rundock/internal/checkout"
	"rundock/internal/debian"
)

func main() {
	to := flag.String("to", "bin", "the folder that packages are written to")
	programs := flag.String("programs", "bin/deb", "the folder that has the programs of an architecture in a folder of its name")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "deb: %s is too much\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := write(*to, *programs); err != nil {
		fmt.Fprintln(os.Stderr, "deb:", err)
		os.Exit(1)
	}
}

func write(to, programs string) error {
	read, err := checkout.Read(".")
	if err != nil {
		return err
	}
	notices, err := debian.Licences(".")
	if err != nil {
		return err
	}
	own, err := filepath.Abs(filepath.Join(programs, runtime.GOARCH))
	if err != nil {
		return err
	}
	source := debian.Source{Checkout: read, Programs: own, Notices: notices}
	for _, arch := range checkout.Architectures {
		for _, p := range debian.Packages {
			path, err := debian.Build(source, p, arch, filepath.Join(programs, arch), to)
			if err != nil {
				return err
			}
			fmt.Println(path)
		}
	}
	return nil
}
