package handover

import (
	"context"
	"sync"

	"rundock/dnsd/server"

	"golang.org/x/sys/unix"
)

// Open connections over TCP go from process to process as messages over a
// socket: the descriptor, and what was read of a query that is not whole. The
// predecessor passes them to the bridge, and the bridge, which has to have all
// of them, to the successor:
//
//	dnsd ------ passes, execs ------ takes
//	              \\                 /
//	  bridge:      takes - passes, ends
//
// So a client that keeps its connection notices nothing.

const (
	// readyToTake is what a bridge says once it serves, if it takes connections.
	readyToTake = 2
	// longestPart is of a query over TCP, with its length before it.
	longestPart = 2 + 1<<16
	// passWithin bounds how long the other process may be in taking one, in seconds.
	passWithin = 5
)

// A passer passes connections to the process at the other end of a socket.
type passer struct {
	socket int // descriptor; 0: there is none

	mu     sync.Mutex
	broken bool // the other process is gone, or does not take them
}

// pass says whether the other process has the connection.
func (p *passer) pass(c server.HandedConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.socket == 0 || p.broken {
		return false
	}
	unix.SetsockoptTimeval(p.socket, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: passWithin})
	message := append([]byte{0}, c.Read...) // an empty message would look like the end
	for {
		err := unix.Sendmsg(p.socket, message, unix.UnixRights(c.FD), nil, unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			p.broken = err != nil
			return err == nil
		}
	}
}

// end tells the other process that it has all.
func (p *passer) end() {
	if p.socket != 0 {
		unix.Shutdown(p.socket, unix.SHUT_WR)
	}
}

// take sends what the other process at socket passes to adopted, until that one
// has passed all.
func take(ctx context.Context, socket int, adopted chan<- server.HandedConn) {
	if socket == 0 {
		return
	}
	message, rights := make([]byte, 1+longestPart), make([]byte, unix.CmsgSpace(4))
	for {
		n, nr, _, _, err := unix.Recvmsg(socket, message, rights, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		for _, fd := range descriptorsIn(rights[:nr]) {
			select {
			case adopted <- server.HandedConn{FD: fd, Read: append([]byte(nil), message[1:n]...)}:
			case <-ctx.Done():
				unix.Close(fd)
			}
		}
	}
}

func descriptorsIn(rights []byte) (all []int) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		if fds, err := unix.ParseUnixRights(&m); err == nil {
			all = append(all, fds...)
		}
	}
	return all
}
