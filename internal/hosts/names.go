package hosts

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"rundock/internal/module"
)

// names are the host's users and groups, by their numbers. The files are read
// here, as what else there is asks whatever nsswitch.conf names.
type names struct{ users, groups map[string]int }

func readNames() (n names, err error) {
	if n.users, err = readIDs("/etc/passwd"); err == nil {
		n.groups, err = readIDs("/etc/group")
	}
	return n, err
}

// readIDs reads lines such as dnsd:x:998:...
func readIDs(path string) (map[string]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ids := map[string]int{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 3 {
			continue
		}
		if id, err := strconv.Atoi(fields[2]); err == nil {
			ids[fields[0]] = id
		}
	}
	return ids, lines.Err()
}

// nameOf is the name of a number; the first in the alphabet of several, and the
// number itself where there is none.
func nameOf(ids map[string]int, id int) string {
	found := ""
	for name, i := range ids {
		if i == id && (found == "" || name < found) {
			found = name
		}
	}
	return module.Choose(found == "", strconv.Itoa(id), found)
}

func idOf(ids map[string]int, name, kind string) (int, error) {
	if id, ok := ids[name]; ok {
		return id, nil
	}
	if id, err := strconv.Atoi(name); err == nil {
		return id, nil
	}
	return 0, fmt.Errorf("the host has no %s %s", kind, name)
}
