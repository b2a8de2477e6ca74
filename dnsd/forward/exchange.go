package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"rundock/dnsd/packed"

	"github.com/miekg/dns"
)

// attempt bounds one try at one upstream.
const attempt = 1500 * time.Millisecond

// exchange asks an upstream once, over UDP and if that is not enough over TCP.
// The reply has no OPT record.
func exchange(ctx context.Context, upstream string, ask *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	reply, err := over(ctx, "udp", upstream, ask)
	if err == nil && reply.Truncated {
		reply, err = over(ctx, "tcp", upstream, ask)
	}
	if err != nil {
		return nil, fmt.Errorf("upstream %s: %w", upstream, err)
	}
	reply.Extra = without(reply.Extra, dns.TypeOPT)
	return reply, nil
}

func over(ctx context.Context, network, upstream string, ask *dns.Msg) (*dns.Msg, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, upstream)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	deadline, _ := ctx.Deadline()
	raw.SetDeadline(deadline)
	conn := &dns.Conn{Conn: raw, UDPSize: 65535}
	ask = ask.Copy()
	ask.Id = dns.Id()
	if err := conn.WriteMsg(ask); err != nil {
		return nil, err
	}
	for {
		reply, whole, err := read(conn)
		switch {
		case err == nil && replies(reply, ask) && whole:
			return reply, nil
		case err == nil && replies(reply, ask):
			return nil, errCut
		case err != nil && (network == "tcp" || isNet(err)):
			return nil, err
		}
		// Over UDP anyone may have sent this: wait on for the real one.
	}
}

// errCut is what is wrong with a reply that has fewer records than its header says.
var errCut = errors.New("a reply with fewer records than its header says")

// read takes one message off conn. Not whole: it lacks records and does not say so (TC); what is
// left would be taken for all there is.
func read(conn *dns.Conn) (reply *dns.Msg, whole bool, err error) {
	packet, err := conn.ReadMsgHeader(nil)
	if err != nil {
		return nil, false, err
	}
	reply = new(dns.Msg)
	err = reply.Unpack(packet)
	return reply, reply.Truncated || packed.Whole(packet, func(packed.Part) bool { return true }), err
}

func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n)
}

// replies says whether reply can be one to ask.
func replies(reply, ask *dns.Msg) bool {
	if reply.Id != ask.Id || !reply.Response || len(reply.Question) != 1 {
		return false
	}
	have, want := reply.Question[0], ask.Question[0]
	return have.Qtype == want.Qtype && have.Qclass == want.Qclass && strings.EqualFold(have.Name, want.Name)
}

func without(rrs []dns.RR, rrtype uint16) []dns.RR {
	var kept []dns.RR
	for _, rr := range rrs {
		if rr.Header().Rrtype != rrtype {
			kept = append(kept, rr)
		}
	}
	return kept
}

// poor is a reply that another upstream may have a better one than: it neither
// has the name nor denies it.
func poor(reply *dns.Msg) bool {
	return reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError
}
