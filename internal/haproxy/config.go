package haproxy

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Topology identifies the configuration regardless of instances: HAProxy has to
// read it anew where it runs with another one, which it tells as its description.
func Topology(s Settings, site Site) string {
	sum := sha256.Sum256([]byte(config(s, site, "", nil)))
	return fmt.Sprintf("rundock-%x", sum[:8])
}

// Config returns HAProxy's configuration. slots are the servers of each backend
// as they are now: those that take requests do so at once in a HAProxy that
// starts with it; others have their address and are in maintenance until they
// were checked. Backends and slots that are missing are empty.
func Config(s Settings, site Site, slots map[string][]Slot) []byte {
	return []byte(config(s, site, Topology(s, site), slots))
}

func config(s Settings, site Site, topology string, slots map[string][]Slot) string {
	var b strings.Builder
	b.WriteString("# Written by rundockd balance: what is changed here is lost.\n")
	writeGlobal(&b, s, site, topology)
	for _, f := range s.Frontends {
		writeFrontend(&b, f, site)
	}
	if s.Stats != nil {
		writeStats(&b, *s.Stats, site)
	}
	for _, v := range s.Services {
		for _, colour := range colours {
			writeBackend(&b, v, Backend(v.Name, colour), slots[Backend(v.Name, colour)])
		}
	}
	return b.String()
}

func writeGlobal(b *strings.Builder, s Settings, site Site, topology string) {
	level := "notice" // servers that come and go, and requests that fail
	if s.LogRequests {
		level = "info"
	}
	fmt.Fprintf(b, "global\n    description %s\n    log stdout format raw daemon %s\n", topology, level)
	fmt.Fprintf(b, "    stats socket %s mode 600 level admin expose-fd listeners\n    stats timeout 1m\n", site.Socket)
	fmt.Fprintf(b, "    hard-stop-after %s\n    ssl-default-bind-options ssl-min-ver TLSv1.2\n", s.HardStop)
	for _, o := range []struct{ option, value string }{{"user", site.User}, {"group", site.Group}, {"chroot", site.Chroot}} {
		if o.value != "" {
			fmt.Fprintf(b, "    %s %s\n", o.option, o.value)
		}
	}
	// A connection to an instance is used for one request (http-server-close): an
	// instance that closes an idle one just then would fail a request that nobody may
	// repeat. What is retried are connections, on which nothing was sent.
	b.WriteString(`
defaults
    mode http
    log global
    option httplog
    option dontlognull
    option log-separate-errors
    option http-server-close
    option forwardfor
    retries 3
    option redispatch 1
    timeout connect 2s
    timeout queue 10s
    timeout http-request 30s
    timeout http-keep-alive 60s
    timeout client 60s
    timeout client-fin 30s
    timeout tunnel 1h
`)
}

func writeFrontend(b *strings.Builder, f Frontend, site Site) {
	fmt.Fprintf(b, "\nfrontend %s\n", f.Name)
	tls := ""
	if len(f.Certificates) > 0 {
		tls = " ssl alpn h2,http/1.1 crt " + strings.Join(f.Certificates, " crt ")
	}
	for _, bind := range f.Bind {
		fmt.Fprintf(b, "    bind %s%s\n", bind, tls)
	}
	// A process that leaves after a reload tells clients so in its last answer, and
	// does not close a connection on which a request may be under way.
	b.WriteString("    option idle-close-on-response\n")
	if f.Redirect {
		b.WriteString("    http-request redirect scheme https code 308\n")
		return
	}
	fmt.Fprintf(b, "    http-request set-header X-Forwarded-Proto %s\n", map[bool]string{true: "https", false: "http"}[tls != ""])
	for i, r := range f.Rules {
		writeRule(b, fmt.Sprintf("rule%d", i+1), r)
	}
	if f.Service != "" {
		fmt.Fprintf(b, "    http-request set-var(txn.service) str(%s) unless { var(txn.service) -m found }\n", f.Service)
	}
	b.WriteString("    http-request return status 404 content-type text/plain string \"no service is at this address\" unless { var(txn.service) -m found }\n")
	fmt.Fprintf(b, "    http-request set-var(txn.share) var(txn.service),map_str_int(%s,0)\n", site.shares())
	fmt.Fprintf(b, "    http-request set-var(txn.backend) var(txn.service),map(%s)\n", site.routes())
	fmt.Fprintf(b, "    http-request set-var(txn.backend) var(txn.service),concat(%s),map(%s) if { rand(%d),sub(txn.share) lt 0 }\n", canarySuffix, site.routes(), shareOf)
	b.WriteString("    use_backend %[var(txn.backend)]\n")
}

// writeRule sets the service of requests that fit a rule and none before it.
func writeRule(b *strings.Builder, name string, r Rule) {
	condition := ""
	for _, host := range r.Hosts {
		if below, ok := strings.CutPrefix(host, "*"); ok {
			fmt.Fprintf(b, "    acl %s_host hdr(host),host_only,lower -m end %s\n", name, below)
		} else {
			fmt.Fprintf(b, "    acl %s_host hdr(host),host_only,lower -m str %s\n", name, host)
		}
		condition = " " + name + "_host"
	}
	for _, path := range r.Paths {
		whole := strings.TrimSuffix(path, "/")
		if whole != "" && whole == path {
			fmt.Fprintf(b, "    acl %s_path path -m str %s\n", name, whole)
		}
		fmt.Fprintf(b, "    acl %s_path path -m beg %s/\n", name, whole)
	}
	if len(r.Paths) > 0 {
		condition += " " + name + "_path"
	}
	fmt.Fprintf(b, "    http-request set-var(txn.service) str(%s) if%s !{ var(txn.service) -m found }\n", r.Service, condition)
}

// statistics is the frontend of the statistics page.
const statistics = "statistics"

func writeStats(b *strings.Builder, s Stats, site Site) {
	fmt.Fprintf(b, "\nfrontend %s\n    bind %s\n    option dontlog-normal\n", statistics, s.Bind)
	b.WriteString("    acl authorized http_auth(readers)\n    http-request auth realm statistics unless authorized\n")
	b.WriteString("    http-request use-service prometheus-exporter if { path /metrics }\n    stats enable\n    stats uri /\n    stats refresh 5s\n    stats show-legends\n    stats show-node\n")
	fmt.Fprintf(b, "\nuserlist readers\n    user %s insecure-password %s\n", s.User, quoted(site.Password))
}

// quoted is text as one word of the configuration.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func writeBackend(b *strings.Builder, v Service, name string, slots []Slot) {
	fmt.Fprintf(b, "\nbackend %s\n    balance roundrobin\n    timeout server %s\n", name, v.Timeout)
	if v.Check.Path != "" {
		fmt.Fprintf(b, "    option httpchk\n    http-check send meth GET uri %s ver HTTP/1.1 hdr Host %s\n    http-check expect status 200-399\n", v.Check.Path, v.Check.Host)
	}
	if v.Check.Timeout != 0 {
		fmt.Fprintf(b, "    timeout check %s\n", v.Check.Timeout)
	}
	fmt.Fprintf(b, "    default-server check inter %s fastinter %s downinter %s rise %d fall %d\n", v.Check.Interval, v.Check.Fast, v.Check.Fast, v.Check.Rise, v.Check.Fall)
	for i := range v.Slots {
		addr, state := nowhere, " disabled"
		if i < len(slots) && slots[i].Addr.IsValid() {
			addr = slots[i].Addr
			if slots[i].takesRequests() {
				state = ""
			}
		}
		fmt.Fprintf(b, "    server %s %s%s\n", slotName(i), addr, state)
	}
}
