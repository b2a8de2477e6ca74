package handover

import "golang.org/x/sys/unix"

// descriptor writes to a file by its number.
type descriptor int

func (d descriptor) Write(b []byte) (n int, err error) {
	for n < len(b) {
		wrote, err := unix.Write(int(d), b[n:])
		if err != nil && err != unix.EINTR {
			return n, err
		}
		n += max(wrote, 0)
	}
	return n, nil
}
