package skydns

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxLabel = 63  // bytes of a label, RFC 1035
	maxWire  = 255 // bytes of a name on the wire
)

// Prefix begins the keys of records, unless dnsd is told another one.
const Prefix = "/skydns"

// Key returns the etcd key of a valid, fully qualified name:
//
//	Key("/skydns", "web.prod.example.com.") == "/skydns/com/example/prod/web"
//
// Letters become lower case, as DNS compares them; the final dot may be
// missing. A label is one part of the key and keeps its bytes, except that a
// slash becomes \047 and a backslash \092, so that a label never spans two
// parts. Thus the name a\.b.com. (a dot inside a label) has the key
// /skydns/com/a.b. A name with an empty or oversized label gets a key that
// Name refuses. Name is the inverse.
func Key(prefix, name string) string {
	labels, _ := split(name)
	var b strings.Builder
	b.WriteString(strings.TrimRight(prefix, "/"))
	for _, label := range slices.Backward(labels) {
		b.WriteByte('/')
		for _, c := range []byte(label) {
			switch {
			case c == '/':
				b.WriteString(`\047`)
			case c == '\\':
				b.WriteString(`\092`)
			case 'A' <= c && c <= 'Z':
				b.WriteByte(c + 'a' - 'A')
			default:
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

// Name returns the fully qualified name of a key in presentation format:
//
//	Name("/skydns", "/skydns/com/example/prod/web") == "web.prod.example.com."
//
// It refuses keys that are no name: outside of prefix, with an empty part, a
// label over 63 bytes, a name over 255, an escape other than \047 and \092,
// or an upper-case letter (no lookup would ever reach it). One final slash means
// nothing: some writers of such keys end them so. So for every key it accepts,
// Key(prefix, Name(prefix, key)) == strings.TrimSuffix(key, "/").
func Name(prefix, key string) (string, error) {
	labels, err := labels(prefix, key)
	if err != nil {
		return "", err
	}
	if len(labels) == 0 {
		return ".", nil
	}
	var b strings.Builder
	for _, label := range slices.Backward(labels) {
		writeLabel(&b, label)
		b.WriteByte('.')
	}
	return b.String(), nil
}

// Wire is Name in wire format:
//
//	Wire("/skydns", "/skydns/com/example/prod/web") == "\x03web\x04prod\x07example\x03com\x00"
func Wire(prefix, key string) (string, error) {
	labels, err := labels(prefix, key)
	if err != nil {
		return "", err
	}
	b := make([]byte, 0, maxWire)
	for _, label := range slices.Backward(labels) {
		b = append(append(b, byte(len(label))), label...)
	}
	return string(append(b, 0)), nil
}

// labels returns the labels of a key's name, the topmost first.
func labels(prefix, key string) ([]string, error) {
	prefix = strings.TrimRight(prefix, "/")
	path, ok := strings.CutPrefix(key, prefix)
	if !ok || path != "" && path[0] != '/' {
		return nil, fmt.Errorf("key %q: not under %s", key, prefix)
	}
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return nil, nil
	}
	labels := strings.Split(path[1:], "/")
	wire := 1
	for i, part := range labels {
		label, err := unescapePart(part)
		if err == nil {
			err = checkLabel(label)
		}
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		labels[i] = label
		wire += 1 + len(label)
	}
	if wire > maxWire {
		return nil, fmt.Errorf("key %q: longer than a DNS name (255 bytes)", key)
	}
	return labels, nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("empty label")
	case len(label) > maxLabel:
		return fmt.Errorf("label %.16q... is longer than 63 bytes", label)
	}
	return nil
}

func unescapePart(part string) (string, error) {
	escapes := false
	for _, c := range []byte(part) {
		if 'A' <= c && c <= 'Z' {
			return "", fmt.Errorf("%q: upper case, where names are looked up in lower case", part)
		}
		escapes = escapes || c == '\\'
	}
	if !escapes {
		return part, nil
	}
	label := partUnescaper.Replace(part)
	if strings.Count(part, `\`) != strings.Count(part, `\047`)+strings.Count(part, `\092`) {
		return "", fmt.Errorf(`%q: only \047 and \092 are escapes`, part)
	}
	return label, nil
}

var partUnescaper = strings.NewReplacer(`\047`, "/", `\092`, `\`)

// writeLabel writes a label in presentation format (RFC 1035 section 5.1),
// escaping what github.com/miekg/dns escapes.
func writeLabel(b *strings.Builder, label string) {
	for _, c := range []byte(label) {
		switch {
		case strings.IndexByte(`. '@;()"\`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
}

// split returns the labels of a name in presentation format, unescaped. The
// error is the first offence against RFC 1035; the labels are complete anyway.
func split(name string) (labels []string, err error) {
	if name == "." || name == "" {
		return nil, nil
	}
	var label []byte
	wire := 1
	end := func() {
		labels = append(labels, string(label))
		if e := checkLabel(string(label)); e != nil && err == nil {
			err = e
		}
		wire += 1 + len(label)
		label = label[:0]
	}
	ended := false
	for i := 0; i < len(name); i++ {
		c := name[i]
		ended = false
		switch {
		case c == '.':
			end()
			ended = true
		case c == '\\' && i+3 < len(name) && isByte(name[i+1:i+4]):
			label = append(label, (name[i+1]-'0')*100+(name[i+2]-'0')*10+name[i+3]-'0')
			i += 3
		case c == '\\' && i+1 < len(name):
			i++
			label = append(label, name[i])
		case c == '\\':
			label = append(label, c)
			if err == nil {
				err = errors.New("a backslash with nothing to escape")
			}
		default:
			label = append(label, c)
		}
	}
	if !ended {
		end()
	}
	if wire > maxWire && err == nil {
		err = errors.New("longer than a DNS name (255 bytes)")
	}
	return labels, err
}

// isByte says whether s is three digits of at most 255.
func isByte(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s <= "255"
}
