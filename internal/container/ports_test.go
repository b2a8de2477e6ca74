package container

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

func TestCheckPorts_names_the_process_that_holds_a_port(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	taken := HostPort{netip.MustParseAddr("127.0.0.1"), l.Addr().(*net.TCPAddr).Port, "tcp"}
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	err = c.CheckPorts(context.Background(), []HostPort{taken}, State{})
	if err == nil || !strings.Contains(err.Error(), taken.String()) || !strings.Contains(err.Error(), strings.TrimSpace(string(comm))) {
		t.Errorf("CheckPorts(%s) = %v, want the port and this process by name", taken, err)
	}
	own := State{Running: true, Published: []HostPort{taken}}
	if err := c.CheckPorts(context.Background(), []HostPort{taken}, own); err != nil {
		t.Errorf("CheckPorts of a port of the container that is replaced = %v, want nil", err)
	}
	elsewhere := HostPort{netip.MustParseAddr("192.0.2.1"), 80, "tcp"}
	if err := c.CheckPorts(context.Background(), []HostPort{elsewhere}, State{}); err == nil || !strings.Contains(err.Error(), "192.0.2.1 is not an address of this host") {
		t.Errorf("CheckPorts(%s) = %v, want that it is no address of this host", elsewhere, err)
	}
}
