package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// NoMoreRights has the process, and what it starts from now on, get no more rights than it
// has: setuid programs and files with capabilities give none. It is for processes that start no
// command of an operator's, which may be a daemon that needs such programs itself.
//
// Where the kernel refuses it the process goes on; `rundockd audit` finds that.
func NoMoreRights() {
	syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
}
