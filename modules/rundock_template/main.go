// Command rundock_template is the Ansible module of the same name: a file of
// this host that is kept as a template and the store say.
//
// It has rundockd try what the definition makes of the file, writes the
// definition, /etc/rundock/templates/NAME.json, and the runit service of the
// host's renderer, `rundockd render`, which does the rest: this program never
// touches the file itself. A call that changes nothing executes nothing.
//
//	params   what a call takes
//	plan     what is to be done, from how the template stands; pure
//	look     how the template stands
//	task     doing it, waiting for the renderer
//
// README.md beside this file says what users may rely on.
package main

import (
	"syscall"

	"rundock/internal/ansible"
	"rundock/modules/rundock_template/params"
	"rundock/modules/rundock_template/task"
)

func main() {
	// Folders are for all to read whatever umask the caller has.
	syscall.Umask(0o022)
	ansible.Main(params.Spec, task.Do)
}
