package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
)

// TestSoak sends a dnsd good and broken packets, over UDP and TCP, while
// records change: it must answer on, and in the end need no more than at the
// beginning. RUNDOCK_SOAK, such as 10m, makes it longer.
func TestSoak(t *testing.T) {
	t.Parallel()
	long := 4 * time.Second
	if text := os.Getenv("RUNDOCK_SOAK"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatalf("RUNDOCK_SOAK: %v", err)
		}
	}
	etcd, metrics := etcdtest.Start(t, "embedded", nil), etcdtest.Address()
	admin := etcd.Admin()
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("web-%d/node-%d", i/3, i%3))
	}
	put(t, admin, append(names, "probe")...)
	d := start(t, following(t, etcd, "--metrics="+metrics, "--upstream="+etcdtest.Address(), "--cache=100", "--query-log=1/20")...)
	await.True(t, "it answers", func() bool { return d.answers("probe") })

	soak := func(long time.Duration) {
		var all sync.WaitGroup
		stop := make(chan struct{})
		time.AfterFunc(long, func() { close(stop) })
		for i := range 4 {
			all.Go(func() { throw([]string{"udp", "tcp"}[i%2], d.address, rand.New(rand.NewPCG(uint64(i), 1)), stop) })
		}
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				value := fmt.Sprintf(`{"host":"10.1.%d.%d"}`, i/250%250, i%250)
				if i%7 == 0 {
					value = "broken"
				}
				admin.Put(t.Context(), fmt.Sprintf("/skydns/com/example/prod/s/changing-%d/a", i%50), value)
			}
		})
		all.Wait()
	}
	number := func(name string) float64 {
		t.Helper()
		v, err := strconv.ParseFloat(metric(t, metrics, name), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	soak(long / 2) // until caches and pools are as large as they get
	memory, descriptors := number("process_resident_memory_bytes"), number("process_open_fds")
	const enough = 1000 // packets
	soak(long)
	for number("dnsd_query_seconds_count") < enough { // on a busy machine
		soak(long)
	}
	await.True(t, "it answers on", func() bool { return d.answers("probe") })
	after := number("process_resident_memory_bytes")
	t.Logf("%.0f packets answered; %.0f MB resident, then %.0f", number("dnsd_query_seconds_count"), memory/1e6, after/1e6)
	if after > memory*1.25+16e6 {
		t.Errorf("resident memory grew from %.0f to %.0f MB", memory/1e6, after/1e6)
	}
	await.True(t, "connections are closed", func() bool { return number("process_open_fds") <= descriptors+8 && number("go_goroutines") < 200 })
	if said := d.said(); strings.Contains(said, "panic") || strings.Contains(said, "level=ERROR") {
		t.Errorf("dnsd said:\n%s", said)
	}
}

// throw sends packets until it is told to stop.
func throw(network, address string, r *rand.Rand, stop <-chan struct{}) {
	for {
		conn, err := net.Dial(network, address)
		if err != nil {
			time.Sleep(time.Millisecond) // while one process hands over to the next, or all ports are in use
			continue
		}
		conn.SetDeadline(time.Now().Add(time.Second))
		reply := make([]byte, 65536)
		for range 200 {
			select {
			case <-stop:
				conn.Close()
				return
			default:
			}
			packet := odd(r)
			if network == "tcp" {
				framed := binary.BigEndian.AppendUint16(nil, uint16(len(packet)))
				if r.IntN(50) == 0 {
					framed[1]++ // the frame is as broken as the packet
				}
				packet = append(framed, packet...)
			}
			if _, err := conn.Write(packet); err != nil {
				break
			}
			if r.IntN(4) == 0 {
				conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
				conn.Read(reply)
			}
		}
		conn.Close()
	}
}

// odd is a packet: one in two is a good query, others are damaged.
func odd(r *rand.Rand) []byte {
	name := fmt.Sprintf("web-%d.s.prod.example.com.", r.IntN(30))
	switch r.IntN(8) {
	case 0:
		name = fmt.Sprintf("no-%d.s.prod.example.com.", r.Uint32())
	case 1:
		name = fmt.Sprintf("%d.0.1.10.in-addr.arpa.", r.IntN(70))
	case 2:
		name = fmt.Sprintf("%d.example.net.", r.IntN(1000))
	case 3:
		name = "*.s.prod.example.com."
	}
	types := []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypePTR, dns.TypeANY, dns.TypeSOA, dns.TypeAXFR, dns.TypeTXT, uint16(r.Uint32())}
	m := new(dns.Msg).SetQuestion(name, types[r.IntN(len(types))])
	if r.IntN(2) == 0 {
		m.SetEdns0(uint16(r.IntN(8192)), r.IntN(2) == 0)
		if r.IntN(3) == 0 {
			m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0102030405060708"}}
		}
	}
	packet, err := m.Pack()
	if err != nil || r.IntN(2) == 0 {
		return packet
	}
	switch r.IntN(4) {
	case 0:
		return packet[:r.IntN(len(packet))]
	case 1:
		for range 1 + r.IntN(5) {
			packet[r.IntN(len(packet))] = byte(r.Uint32())
		}
	case 2:
		for range r.IntN(300) {
			packet = append(packet, byte(r.Uint32()))
		}
	default:
		for i := range packet {
			packet[i] = byte(r.Uint32())
		}
	}
	return packet
}
