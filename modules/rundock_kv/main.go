// Command rundock_kv is the Ansible module of the same name: a key of the store,
// such as those that templates read.
//
// What to do is decided from what `rundockd ctl` reads, and written
// by compare and set.
//
//	params   what a call takes
//	plan     whether the key is to be written; pure
//	task     reading and writing it
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_kv/params"
	"rundock/modules/rundock_kv/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
