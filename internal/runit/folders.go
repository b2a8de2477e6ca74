// Package runit speaks with runit's supervisors: which folders this host
// uses, what runsv says of a service (supervise/status), what it is told
// (supervise/control), and how a service enters and leaves supervision.
//
// Source: runsv(8), runsvdir(8) and sv(8) of runit 2.1.2, and its sources for
// the 20 bytes of supervise/status.
package runit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Folders are where a host keeps its services. Both are absolute.
type Folders struct {
	SV      string // service directories: /etc/sv
	Service string // what runsvdir scans; a link here is an enabled service
}

// scanned are the folders runsvdir scans on Debian (a link to
// /etc/runit/runsvdir/current), on Void, and as upstream has it.
var scanned = []string{"/etc/service", "/var/service", "/service"}

// Detect returns the folders of this host. sv and service are the settings
// runit.sv and runit.service of host.json; an empty one is looked for.
func Detect(sv, service string) (Folders, error) {
	return detect(sv, service, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	})
}

func detect(sv, service string, isDir func(string) bool) (Folders, error) {
	f := Folders{SV: sv, Service: service}
	if f.SV == "" {
		f.SV = "/etc/sv"
	}
	if service != "" {
		if !isDir(service) {
			return f, fmt.Errorf("runit.service: %s is not a folder", service)
		}
		return f, nil
	}
	for _, path := range scanned {
		if isDir(path) {
			f.Service = path
			return f, nil
		}
	}
	return f, fmt.Errorf("runit is not installed: there is none of %s (host.json's runit.service names another)", strings.Join(scanned, ", "))
}

// Dir is the service directory of name.
func (f Folders) Dir(name string) string { return filepath.Join(f.SV, name) }

// Link is the path whose existence enables name.
func (f Folders) Link(name string) string { return filepath.Join(f.Service, name) }

// Hidden is the path by which an administrator records that name is to stay
// disabled: runsvdir skips names that begin with a dot.
func (f Folders) Hidden(name string) string { return filepath.Join(f.Service, "."+name) }
