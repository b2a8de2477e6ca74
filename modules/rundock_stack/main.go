// Command rundock_stack is the Ansible module of the same name: it plans the release
// of a stack, and leads its run.
//
// `rundockd stack ctl` does that, which reads compose files and speaks to the store:
// this program links neither.
//
//	params   what a call takes
//	task     asking rundockd
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_stack/params"
	"rundock/modules/rundock_stack/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
