package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/netnstest"
)

// carry sends a TCP stream for a while, and then UDP datagrams to and fro.
//
// Sockets block, in threads of their own on a core of their own: package net's
// waiting would be measured along, and so would the scheduler's choice.
func (v *variant) carry(t *testing.T, stream, echo time.Duration) {
	t.Helper()
	// A thread in a system call must find its place when it returns, however
	// many processors there are.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	if err := v.stream(stream); err != nil {
		t.Fatalf("%s: %v", v.name, err)
	}
	if err := v.echo(echo); err != nil {
		t.Fatalf("%s: %v", v.name, err)
	}
}

const (
	block  = 128 << 10             // bytes of one write
	warmUp = 50 * time.Millisecond // until windows have grown
	small  = 64                    // bytes of a datagram
	lost   = 10 * time.Second      // after which a packet that does not come is
)

// stream measures throughput, and the time that all processors of this machine
// were busy: what the kernel does for others in an interrupt is no process's.
func (v *variant) stream(length time.Duration) error {
	out, in, err := v.connect()
	if err != nil {
		return fmt.Errorf("TCP: %w", err)
	}
	defer unix.Close(in)
	var received atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	var sendErr, receiveErr error
	wg.Go(func() {
		defer unix.Close(out)
		sendErr = onCore(cores[0], func() error {
			buf := make([]byte, block)
			for !stop.Load() {
				if _, err := unix.Write(out, buf); err != nil && !errors.Is(err, unix.EINTR) {
					return fmt.Errorf("send: %w", err)
				}
			}
			return nil
		})
	})
	wg.Go(func() {
		receiveErr = onCore(cores[1], func() error {
			buf := make([]byte, block)
			for {
				n, err := unix.Read(in, buf)
				if err != nil && !errors.Is(err, unix.EINTR) {
					return fmt.Errorf("receive: %w", err)
				}
				if err == nil && n == 0 {
					return nil
				}
				received.Add(int64(max(n, 0)))
			}
		})
	})
	time.Sleep(min(warmUp, length)) // TCP finds its window
	began, bytes, busy, err := time.Now(), received.Load(), time.Duration(0), error(nil)
	if busy, err = busyTime(); err == nil {
		time.Sleep(length) // what is measured
		var now time.Duration
		now, err = busyTime()
		busy = now - busy
	}
	gigabits := float64(received.Load()-bytes) * 8 / 1e9
	v.rate = append(v.rate, gigabits/time.Since(began).Seconds())
	v.perCPU = append(v.perCPU, gigabits/max(busy, tick).Seconds())
	stop.Store(true)
	wg.Wait()
	return errors.Join(err, sendErr, receiveErr)
}

// connect returns the two ends of a connection.
func (v *variant) connect() (out, in int, err error) {
	l, err := socket(v.to, unix.SOCK_STREAM)
	if err != nil {
		return 0, 0, err
	}
	defer unix.Close(l)
	if err := errors.Join(unix.Bind(l, &unix.SockaddrInet4{Addr: v.address.As4()}), unix.Listen(l, 1)); err != nil {
		return 0, 0, fmt.Errorf("listen: %w", err)
	}
	to, err := unix.Getsockname(l)
	if err != nil {
		return 0, 0, err
	}
	if out, err = socket(v.from, unix.SOCK_STREAM); err != nil {
		return 0, 0, err
	}
	if err = again(func() error { return unix.Connect(out, to) }); err != nil {
		unix.Close(out)
		return 0, 0, fmt.Errorf("connect: %w", err)
	}
	err = again(func() (err error) { in, _, err = unix.Accept4(l, unix.SOCK_CLOEXEC); return err })
	if err == nil {
		err = limit(in)
	}
	if err != nil {
		unix.Close(out)
		return 0, 0, fmt.Errorf("accept: %w", err)
	}
	return out, in, nil
}

// echo measures UDP round trips one after the other, both ends on one core:
// waking another takes longer than the whole way, and is the same for all.
func (v *variant) echo(length time.Duration) error {
	server, err := socket(v.to, unix.SOCK_DGRAM)
	if err != nil {
		return fmt.Errorf("UDP: %w", err)
	}
	defer unix.Close(server)
	if err := unix.Bind(server, &unix.SockaddrInet4{Addr: v.address.As4()}); err != nil {
		return fmt.Errorf("UDP: bind: %w", err)
	}
	to, err := unix.Getsockname(server)
	if err != nil {
		return fmt.Errorf("UDP: %w", err)
	}
	client, err := socket(v.from, unix.SOCK_DGRAM)
	if err != nil {
		return fmt.Errorf("UDP: %w", err)
	}
	defer unix.Close(client)
	if err := unix.Connect(client, to); err != nil {
		return fmt.Errorf("UDP: connect: %w", err)
	}
	var wg sync.WaitGroup
	var answerErr error
	wg.Go(func() { answerErr = onCore(cores[0], func() error { return answer(server) }) })
	var trips []float64
	err = onCore(cores[0], func() error {
		buf := make([]byte, small)
		for end := time.Now().Add(length); ; {
			began := time.Now()
			if began.After(end) && len(trips) > 0 {
				return nil
			}
			if err := again(func() error { _, err := unix.Write(client, buf); return err }); err != nil {
				return fmt.Errorf("UDP: send: %w", err)
			}
			if err := again(func() error { _, err := unix.Read(client, buf); return err }); err != nil {
				return fmt.Errorf("UDP: receive: %w", err)
			}
			trips = append(trips, float64(time.Since(began).Nanoseconds())/1000)
		}
	})
	unix.Write(client, nil) // the end
	wg.Wait()
	if err := errors.Join(err, answerErr); err != nil {
		return err
	}
	v.p50, v.p99 = append(v.p50, quantile(trips, 0.5)), append(v.p99, quantile(trips, 0.99))
	return nil
}

// answer sends back what comes, until an empty datagram.
func answer(server int) error {
	buf := make([]byte, small)
	for {
		var n int
		var from unix.Sockaddr
		err := again(func() (err error) { n, from, err = unix.Recvfrom(server, buf, 0); return err })
		if err == nil && n == 0 {
			return nil
		}
		if err == nil {
			err = again(func() error { return unix.Sendto(server, buf[:n], 0, from) })
		}
		if err != nil {
			return fmt.Errorf("UDP: answer: %w", err)
		}
	}
}

// socket is one in the namespace, on which nothing waits for ever.
func socket(n *netnstest.Namespace, kind int) (fd int, err error) {
	n.Do(func() { fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0) })
	if err == nil {
		err = limit(fd)
	}
	return fd, err
}

func limit(fd int) error {
	t := unix.NsecToTimeval(lost.Nanoseconds())
	return errors.Join(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &t), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &t))
}

func again(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// onCore runs f in a thread of its own on one core.
func onCore(core int, f func() error) error {
	done := make(chan error)
	go func() {
		// Never unlocked: the thread, which stays on the core, ends with this.
		runtime.LockOSThread()
		var set unix.CPUSet
		set.Set(core)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			done <- fmt.Errorf("stay on core %d: %w", core, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// tick is the unit of /proc/stat.
const tick = 10 * time.Millisecond

// busyTime is how long the processors of this machine have not been idle.
func busyTime() (time.Duration, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	var ticks int
	// cpu user nice system idle iowait irq softirq
	for i, word := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 7 {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
