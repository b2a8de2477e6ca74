package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"
)

// DockerCommand is the `docker run` that would make the container c under
// name, for a person to read: pieces of a shell command line, each a word or a
// flag with its value, quoted and without line breaks, so that they may stand
// in a comment. Environment variables are shown by name only; variables of
// Expand stay as they are.
func (c Container) DockerCommand(name string) []string {
	pieces := []string{"docker run", "--name " + quote(name), "--log-driver local"}
	for _, f := range flags {
		for _, v := range f.get(&c) {
			if f.secret {
				v, _, _ = strings.Cut(v, "=")
			}
			piece := f.name()
			if !f.boolean {
				piece += " " + quote(v)
			}
			pieces = append(pieces, piece)
		}
		if f.long == "env" {
			for _, name := range slices.Sorted(maps.Keys(c.EnvSecrets)) {
				pieces = append(pieces, f.name()+" "+quote(name))
			}
		}
	}
	pieces = append(pieces, quote(c.Image))
	if len(c.Entrypoint) > 1 {
		for _, word := range c.Entrypoint[1:] { // --entrypoint takes one word
			pieces = append(pieces, quote(word))
		}
	}
	for _, word := range c.Command {
		pieces = append(pieces, quote(word))
	}
	return pieces
}

// Args are flags of docker run, which ParseArgs reads as c without its image,
// entrypoint, command and environment: module rundock has parameters for these.
func (c Container) Args() string {
	var words []string
	for _, f := range flags {
		if f.long == "env" || f.long == "entrypoint" {
			continue
		}
		for _, v := range f.get(&c) {
			words = append(words, f.name())
			if !f.boolean {
				words = append(words, v)
			}
		}
	}
	return shellquote.Join(words...)
}

// CommandLine is DockerCommand in one line.
func (c Container) CommandLine(name string) string {
	return strings.Join(c.DockerCommand(name), " ")
}
