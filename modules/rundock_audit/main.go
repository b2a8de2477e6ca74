// Command rundock_audit is the Ansible module of the same name: what of a host is not as the
// CIS Docker Benchmark or rundock's own promises have it. It changes nothing.
//
// `rundockd audit ctl` on the host finds it out: this program links no client of Docker's.
//
//	params   what a call takes
//	task     asking rundockd, and whether the task fails
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_audit/params"
	"rundock/modules/rundock_audit/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
