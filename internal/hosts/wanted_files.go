package hosts

import (
	"io/fs"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/module"
)

// file is r's resolv.conf.
func (r Resolver) file() fstree.File {
	text := "# Written by site.yml of rundock.\n# What was here before is in " + savedResolvConf + ".\nnameserver 127.0.0.1\n"
	if r.Second != "" {
		text += "nameserver " + r.Second + "\noptions timeout:1 attempts:2\n"
	}
	if len(r.Search) > 0 {
		text += "search " + strings.Join(r.Search, " ") + "\n"
	}
	return fstree.File{Mode: 0o644, Data: []byte(text)}
}

func (f File) file() fstree.File {
	return fstree.File{Mode: f.Mode & fs.ModePerm, Data: []byte(f.Content), Secret: f.Secret}
}

func (f File) owner() string { return module.Choose(f.Owner == "", "root", f.Owner) }

func (f File) group() string { return module.Choose(f.Group == "", "root", f.Group) }
