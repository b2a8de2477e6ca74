package balancer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// elders are the HAProxy processes that a reload left behind beside the one with
// this id: they serve the connections that they had, by the maps that they had
// read, and leave when the last one has ended.
func elders(pid int) (all []int, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	// The name, in parentheses, may have spaces.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 2 {
		return nil, fmt.Errorf("/proc/%d/stat: %q", pid, stat)
	}
	master := fields[1]
	children, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", master, master))
	if err != nil {
		return nil, err
	}
	for _, text := range strings.Fields(string(children)) {
		// Without a master, its siblings are whatever else runsv has started.
		if child, err := strconv.Atoi(text); err == nil && child != pid && name(child) == name(pid) {
			all = append(all, child)
		}
	}
	return all, nil
}

// name is that of a process; "" if there is none.
func name(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return string(text)
}
