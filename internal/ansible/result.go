package ansible

import "rundock/internal/fstree"

// Result is what a module did. Err makes the task fail; what is in the other
// fields was done nevertheless.
type Result struct {
	Changed  bool
	Msg      string // one line for people; replaced by Err's text
	Err      error
	Diff     []fstree.Diff
	Warnings []string
	Values   map[string]any // returned besides, under these names

	Deprecations []Deprecation
}
