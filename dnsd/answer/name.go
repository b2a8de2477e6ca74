package answer

import (
	"strings"

	"github.com/miekg/dns"
)

// wireName is the lower-case wire format of a name in presentation format.
func wireName(name string) ([]byte, bool) {
	buf := make([]byte, 255)
	end, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		return nil, false
	}
	// Length bytes are below 64, so no length is taken for a letter.
	for i, c := range buf[:end] {
		if 'A' <= c && c <= 'Z' {
			buf[i] = c + 'a' - 'A'
		}
	}
	return buf[:end], true
}

// presentation is the inverse of wireName.
func presentation(wire string) string {
	name, _, err := dns.UnpackDomainName([]byte(wire), 0)
	if err != nil {
		return "."
	}
	return name
}

// within reports whether a wire name is zone or below it, label by label.
func within(wire []byte, zone string) bool {
	for at := 0; ; at += 1 + int(wire[at]) {
		if rest := len(wire) - at; rest <= len(zone) {
			return rest == len(zone) && string(wire[at:]) == zone
		}
	}
}

// fqdn adds the final dot.
func fqdn(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

// cut splits the first label off a wire name; it is empty for the root.
func cut(wire []byte) (label, rest []byte) {
	if wire[0] == 0 {
		return nil, wire
	}
	return wire[1:][:wire[0]], wire[1+wire[0]:]
}

func below(label []byte, name string) []byte {
	return append(append([]byte{byte(len(label))}, label...), name...)
}

func isReverse(wire []byte) bool {
	return within(wire, "\x07in-addr\x04arpa\x00") || within(wire, "\x03ip6\x04arpa\x00")
}
