package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/settings"
	"rundock/internal/registry"
	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

const explainUsage = `Usage: dnsd explain [--json] [--server IP:PORT] [flags] NAME [TYPE]

Says how a question comes to its answer: which keys of etcd are at the name and
below it, or at the * that stands for it, when they were changed, how long their lease lives on, why one is
withheld, what is to be answered, and whether the dnsd that runs (the first
address of --listen, or --server) answers the same. TYPE is A unless given. A
NAME without a dot is one of the first zone.

    dnsd explain influxdb
    dnsd explain _admin._tcp.influxdb.s.prod.example.com SRV

Exit code: 0 answered, 1 etcd could not be read, 2 no such answer, or the dnsd
that runs answers otherwise.
`

// An Explanation is what explain prints.
type Explanation struct {
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	Zone     string         `json:"zone"` // empty: none of ours
	Registry []string       `json:"registry"`
	Revision int64          `json:"revision"`
	Records  []explainedKey `json:"records"`
	Rcode    string         `json:"rcode"`
	Answer   []string       `json:"answer"`
	Note     string         `json:"note,omitempty"`
	Server   string         `json:"server,omitempty"` // that was asked; empty: none
	Differs  string         `json:"differs,omitempty"`
}

type explainedKey struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	Revision int64  `json:"revision"`
	Lease    string `json:"lease"` // how long it lives on, in words
	Withheld string `json:"withheld,omitempty"`
}

func explain(ctx context.Context, l *looking, args []string) error {
	q, err := question(l.settings.Zones[0].Name, args)
	if err != nil {
		return err
	}
	v, err := l.view(ctx)
	if err != nil {
		return err
	}
	x, result := explained(l.settings, v, q)
	for i := range x.Records {
		if x.Records[i].Lease, err = l.left(ctx, v, x.Records[i].Key); err != nil {
			return err
		}
	}
	x.Server, x.Differs = l.compare(q, result)
	if l.json {
		enc := json.NewEncoder(l.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(x)
	} else {
		_, err = fmt.Fprint(l.out, x)
	}
	if err == nil && (len(x.Answer) == 0 || x.Differs != "") {
		return ErrFound
	}
	return err
}

// question is the one that args ask: NAME, of zone unless it has a dot, and TYPE.
func question(zone string, args []string) (q dns.Question, err error) {
	if len(args) == 0 || len(args) > 2 {
		return q, errors.New("want NAME [TYPE], see dnsd explain --help")
	}
	q = dns.Question{Name: strings.ToLower(dns.Fqdn(args[0])), Qtype: dns.TypeA, Qclass: dns.ClassINET}
	if !strings.Contains(args[0], ".") {
		q.Name += zone
	}
	if _, ok := dns.IsDomainName(q.Name); !ok {
		return q, fmt.Errorf("%q is no DNS name", args[0])
	}
	if len(args) == 2 {
		var ok bool
		if q.Qtype, ok = typeNumber(args[1]); !ok {
			return q, fmt.Errorf("%q is no type of record", args[1])
		}
	}
	return q, nil
}

// explained is the explanation but for leases and the server.
func explained(s settings.Settings, v *view, q dns.Question) (Explanation, answer.Result) {
	r := v.answers.Reply(q, 0)
	x := Explanation{
		Name: q.Name, Type: dns.Type(q.Qtype).String(), Registry: s.StoreAddresses(), Revision: v.answers.Table.State().Revision,
		Rcode: dns.RcodeToString[r.Rcode], Answer: []string{}, Records: []explainedKey{},
	}
	if r.Zone >= 0 {
		x.Zone = s.Zones[r.Zone].Name
	}
	for _, rr := range r.Answer {
		x.Answer = append(x.Answer, rr.String())
	}
	switch {
	case r.Elsewhere:
		x.Rcode, x.Note = "", "the name is in none of the zones: upstreams are asked"
	case r.Above:
		x.Note = "upstreams are asked for clients of --forward-for that want recursion: the zone above has it"
	case r.Continue != "":
		x.Note = "upstreams are asked for " + r.Continue
	case r.Partial():
		x.Note = "there are more records than an answer may have: each has others"
	}
	withheldBy := map[string]string{} // reason by key; "": answered
	for _, t := range v.answers.Explain(q) {
		withheldBy[skydns.Key(s.Prefix, t.Name)] = t.Withheld
	}
	at := skydns.Key(s.Prefix, q.Name)
	for _, k := range v.keys {
		reason, bad := v.bad[k.Key]
		below := isAt(at, k.Key) || bad && isAt(strings.ToLower(at), strings.ToLower(k.Key)) // upper case is a reason
		withheld, reached := withheldBy[strings.TrimSuffix(k.Key, "/")]
		if bad && below {
			withheld = "malformed: " + reason
		} else if v.hidden(k.Key) && below {
			withheld = "the key without the final slash means the same name, and is there"
		} else if !reached && below {
			withheld = "it is not among the first records below the name"
		} else if !reached {
			continue
		}
		x.Records = append(x.Records, explainedKey{Key: k.Key, Value: string(k.Value), Revision: k.Revision, Withheld: withheld})
	}
	return x, r
}

// isAt says whether a key is at or below another.
func isAt(other, key string) bool {
	return key == other || strings.HasPrefix(key, other+"/")
}

// left says how long a key lives on.
func (l *looking) left(ctx context.Context, v *view, key string) (string, error) {
	i, ok := slices.BinarySearchFunc(v.keys, key, func(k registry.Listed, key string) int { return strings.Compare(k.Key, key) })
	if !ok || v.keys[i].Lease == "" {
		return "no lease, it stays until it is deleted", nil
	}
	d, err := l.client.Left(ctx, v.keys[i].Lease)
	if err != nil {
		return "", err
	}
	if d < 0 {
		return fmt.Sprintf("lease %s is gone, and the key with it", v.keys[i].Lease), nil
	}
	return fmt.Sprintf("lease %s, %s left", v.keys[i].Lease, d), nil
}

func (x Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", x.Name, x.Type)
	if x.Zone == "" {
		b.WriteString("zone      none of ours\n")
	} else {
		fmt.Fprintf(&b, "zone      %s\n", x.Zone)
	}
	fmt.Fprintf(&b, "store     %s, revision %d\n", strings.Join(x.Registry, " "), x.Revision)
	fmt.Fprintf(&b, "records   %d at the name and below\n", len(x.Records))
	for _, k := range x.Records {
		fmt.Fprintf(&b, "  %s\n    %.300s\n    revision %d, %s\n", printable(k.Key), printable(k.Value), k.Revision, k.Lease)
		if k.Withheld != "" {
			fmt.Fprintf(&b, "    WITHHELD: %s\n", k.Withheld)
		}
	}
	if x.Rcode != "" {
		fmt.Fprintf(&b, "answer    %s, %d records\n", x.Rcode, len(x.Answer))
	}
	for _, rr := range x.Answer {
		fmt.Fprintf(&b, "  %s\n", rr)
	}
	if x.Note != "" {
		fmt.Fprintf(&b, "note      %s\n", x.Note)
	}
	switch {
	case x.Server == "":
	case x.Differs == "":
		fmt.Fprintf(&b, "server    %s answers the same\n", x.Server)
	default:
		fmt.Fprintf(&b, "server    %s DIFFERS: %s\n", x.Server, x.Differs)
	}
	return b.String()
}

func typeNumber(name string) (uint16, bool) {
	name = strings.ToUpper(name)
	if t, ok := dns.StringToType[name]; ok {
		return t, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "TYPE"), 10, 16)
	return uint16(n), err == nil && strings.HasPrefix(name, "TYPE")
}
