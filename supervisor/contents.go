package supervisor

import (
	"os"
	"slices"
	"strings"

	"rundock/internal/spec"
)

// Contents stands for what the files of the host hold that a container of
// service is made from (spec.Container.Files): for each, in that order, a
// Digest. It is "" where there are none. A file that cannot be read counts as
// empty: whoever makes the container says what is wrong with it.
func Contents(salt []byte, service string, c spec.Container) string {
	var digests []string
	for _, path := range c.Files() {
		data, _ := os.ReadFile(path)
		text := string(data)
		if slices.Contains(c.EnvFiles, path) {
			text = assignments(text)
		}
		digests = append(digests, Digest(salt, service, path, text))
	}
	return strings.Join(digests, " ")
}

// OtherContents stands for files that hold something else than what the
// container was made from, where that is known and no more.
const OtherContents = "other"

// Changed returns those of files that hold something else in now than in then;
// both are Contents of them. Where either is not known that is none.
func Changed(files []string, then, now string) []string {
	if then == "" || now == "" || then == now {
		return nil
	}
	old, present := strings.Fields(then), strings.Fields(now)
	if len(old) != len(files) || len(present) != len(files) {
		return files
	}
	var changed []string
	for i, f := range files {
		if old[i] != present[i] {
			changed = append(changed, f)
		}
	}
	return changed
}

// assignments are the lines of an env file that set something: neither empty
// nor a comment.
func assignments(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if trimmed := strings.TrimSpace(line); trimmed != "" && trimmed[0] != '#' {
			kept = append(kept, strings.TrimLeft(line, " \t"))
		}
	}
	return strings.Join(kept, "\n")
}
