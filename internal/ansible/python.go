package ansible

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// pythonType is how Ansible's messages call the type of a JSON value.
func pythonType(v any) string {
	name := "NoneType"
	switch v := v.(type) {
	case string:
		name = "str"
	case bool:
		name = "bool"
	case int:
		name = "int"
	case float64:
		name = "float"
	case json.Number:
		name = "int"
		if strings.ContainsAny(v.String(), ".eE") {
			name = "float"
		}
	case []any:
		name = "list"
	case map[string]any:
		name = "dict"
	}
	return "<class '" + name + "'>"
}

// pythonText is a scalar as Python writes it.
func pythonText(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text
	}
	return fmt.Sprint(v)
}

// literal is the list or dict that text is, in JSON or as Python source of
// constants ({'a': True}); nil if it is neither.
func literal(text string) any {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil
	}
	var v any
	if decode([]byte(text), &v) == nil {
		return v
	}
	p := literalParser{text}
	v, ok := p.value(0)
	if p.space(); !ok || p.rest != "" {
		return nil
	}
	return v
}

// literalParser reads Python's constants: lists, tuples, dicts with strings
// for keys, strings, numbers, True, False and None.
type literalParser struct{ rest string }

func (p *literalParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// next skips white space and token, if it is token that follows.
func (p *literalParser) next(token string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *literalParser) value(depth int) (any, bool) {
	const deepest = 100
	if depth > deepest {
		return nil, false
	}
	switch {
	case p.next("["):
		return p.list("]", depth)
	case p.next("("):
		return p.list(")", depth)
	case p.next("{"):
		return p.dict(depth)
	case strings.HasPrefix(p.rest, "'"), strings.HasPrefix(p.rest, `"`):
		return p.quoted()
	}
	end := strings.IndexAny(p.rest, ",]}): \t\r\n")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	switch word {
	case "None", "null":
		return nil, true
	case "True", "true":
		return true, true
	case "False", "false":
		return false, true
	}
	var n json.Number
	err := decode([]byte(word), &n)
	return n, err == nil && n != ""
}

func (p *literalParser) list(end string, depth int) (any, bool) {
	list := []any{}
	for !p.next(end) {
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if !p.next(",") {
			return list, p.next(end)
		}
	}
	return list, true
}

func (p *literalParser) dict(depth int) (any, bool) {
	dict := map[string]any{}
	for !p.next("}") {
		k, ok := p.value(depth + 1)
		name, isText := k.(string)
		if !ok || !isText || !p.next(":") {
			return nil, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		dict[name] = v
		if !p.next(",") {
			return dict, p.next("}")
		}
	}
	return dict, true
}

func (p *literalParser) quoted() (any, bool) {
	quote := p.rest[0]
	var text strings.Builder
	for rest := p.rest[1:]; rest != ""; {
		if rest[0] == quote {
			p.rest = rest[1:]
			return text.String(), true
		}
		if rest[0] == '\n' {
			return nil, false
		}
		c, _, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil { // \' and \" among others
			if len(rest) < 2 || rest[0] != '\\' || !strings.ContainsRune(`'"`, rune(rest[1])) {
				return nil, false
			}
			c, tail = rune(rest[1]), rest[2:]
		}
		text.WriteRune(c)
		rest = tail
	}
	return nil, false
}
