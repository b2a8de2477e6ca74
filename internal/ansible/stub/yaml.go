package stub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// fields is a YAML mapping in order. Values that say nothing (nil, false, "",
// empty lists and mappings) are left out; a default of false stays, as the key
// default is there only where there is one.
type fields []field

type field struct {
	key   string
	value any // fields, []string, string, or anything that is JSON
}

// render writes f as YAML.
func render(f fields) string {
	var b strings.Builder
	f.write(&b, "")
	if b.Len() == 0 {
		return "{}\n"
	}
	return b.String()
}

func (f fields) write(b *strings.Builder, indent string) {
	for _, e := range f {
		key := text(e.key, "")
		switch v := e.value.(type) {
		case fields:
			if len(v) > 0 {
				fmt.Fprintf(b, "%s%s:\n", indent, key)
				v.write(b, indent+"  ")
			}
		case []string:
			if len(v) == 0 {
				continue
			}
			fmt.Fprintf(b, "%s%s:\n", indent, key)
			for _, s := range v {
				fmt.Fprintf(b, "%s  - %s\n", indent, text(s, indent+"    "))
			}
		case string:
			if v != "" || e.key == "default" {
				fmt.Fprintf(b, "%s%s: %s\n", indent, key, text(v, indent+"  "))
			}
		default:
			if v != nil && (v != false || e.key == "default") {
				fmt.Fprintf(b, "%s%s: %s\n", indent, key, value(v, len(indent)+len(key), indent+"  "))
			}
		}
	}
}

var (
	plain = regexp.MustCompile(`^[A-Za-z_](?:[A-Za-z0-9_.,;()=$'/ -]*[A-Za-z0-9_.,;()])?$`)
	// What YAML 1.1 takes for something else than a string.
	words = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
)

// text is a string: plain where YAML reads it as that, quoted where not, and
// folded where it is long.
func text(s, indent string) string {
	const width = 110
	switch {
	case len(indent)+len(s) > width && strings.Join(strings.Fields(s), " ") == s:
		var b strings.Builder
		b.WriteString(">-")
		line := ""
		for _, word := range strings.Fields(s) {
			if line != "" && len(indent)+len(line)+1+len(word) > width {
				b.WriteString("\n" + indent + line)
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		b.WriteString("\n" + indent + line)
		return b.String()
	case plain.MatchString(s) && !slices.Contains(words, strings.ToLower(s)):
		return s
	}
	return flow(s)
}

// value is v in JSON, which YAML reads: on one line behind so many characters,
// or on several lines where ansible-test's pep8 would call that one too long.
func value(v any, before int, indent string) string {
	one := flow(v)
	if before+len(": ")+len(one) <= 160 {
		return one
	}
	var b bytes.Buffer
	json.Indent(&b, []byte(one), indent, "  ") // flow's own
	return b.String()
}

// flow is v in JSON, on one line.
func flow(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("%v is no JSON value", v))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
