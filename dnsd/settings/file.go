package settings

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// configPath is the file of settings unless --config names another.
const configPath = "/etc/rundock/dnsd.conf"

// configure sets flags from a file, but those that are given already. A line is
//
//	name = value
//
// with the name of a flag; a list may have several lines. Empty lines, and what
// begins with #, are skipped. It adds to given; an error names each line that is
// wrong.
func configure(set *flag.FlagSet, given map[string]bool, file []byte) (wrong error) {
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(string(file)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if err := setLine(set, given, seen, name, value, ok); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("line %d: %w", number, err))
		}
	}
	for name := range seen {
		given[name] = true
	}
	return wrong
}

func setLine(set *flag.FlagSet, given, seen map[string]bool, name, value string, ok bool) error {
	fl := set.Lookup(name)
	switch {
	case !ok:
		return fmt.Errorf("%q: want name = value", name)
	case fl == nil || name == "config" || name == "version":
		return fmt.Errorf("%q is no setting", name)
	case given[name]:
		return nil
	}
	if _, several := fl.Value.(*list); seen[name] && !several {
		return fmt.Errorf("%s: given twice", name)
	}
	seen[name] = true
	if err := set.Set(name, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
