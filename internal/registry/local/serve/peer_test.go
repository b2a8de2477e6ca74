package serve

import (
	"fmt"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// dialed connects to the socket if the process pid listens there.
func dialed(t *testing.T, socket string, pid int) (net.Conn, error) {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var peer *unix.Ucred
	raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err == nil && int(peer.Pid) != pid {
		err = fmt.Errorf("process %d listens, want %d", peer.Pid, pid)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
