package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// How large a file may become once its aliases are filled in, and how deep it
// may be: compose-go takes minutes over thousands of levels.
const (
	nodesAtMost = 100_000
	depthAtMost = 100
)

// parseDocuments are the YAML documents of text, each a mapping with its
// aliases and merge keys filled in, so that what is written once and used
// twice can be rewritten in one place. An empty document is left out.
func parseDocuments(text []byte) ([]*yaml.Node, error) {
	var documents []*yaml.Node
	budget := nodesAtMost
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var n yaml.Node
		err := d.Decode(&n)
		switch {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		}
		if len(n.Content) == 0 || n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Tag == "!!null" {
			continue
		}
		root, err := fill(n.Content[0], &budget, 0, nil)
		if err != nil {
			return nil, err
		}
		if root.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("line %d: it is no mapping of keys", root.Line)
		}
		documents = append(documents, root)
	}
}

// fill is a copy of n with no alias, merge key or anchor left in it; within
// are the anchors that n is part of.
func fill(n *yaml.Node, budget *int, depth int, within []*yaml.Node) (*yaml.Node, error) {
	if *budget--; *budget < 0 {
		return nil, errors.New("it is too large once its aliases are filled in")
	}
	if depth > depthAtMost {
		return nil, fmt.Errorf("line %d: more than %d levels in each other", n.Line, depthAtMost)
	}
	for _, outer := range within {
		if outer == n {
			return nil, fmt.Errorf("line %d: anchor %s contains itself", n.Line, n.Anchor)
		}
	}
	if n.Kind == yaml.AliasNode {
		return fill(n.Alias, budget, depth+1, within)
	}
	if n.Kind == yaml.ScalarNode && variableDepth(n.Value) > depthAtMost {
		return nil, fmt.Errorf("line %d: more than %d variables in each other", n.Line, depthAtMost)
	}
	if n.Anchor != "" {
		within = append(within[:len(within):len(within)], n)
	}
	out := yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Line: n.Line}
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		out.Style = yaml.DoubleQuotedStyle
	}
	if n.Kind == yaml.MappingNode {
		return &out, fillMapping(&out, n.Content, budget, depth+1, within)
	}
	for _, c := range n.Content {
		filled, err := fill(c, budget, depth+1, within)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, filled)
	}
	return &out, nil
}

// fillMapping puts keys and values into out: those of merge keys come last,
// and only where out does not have them.
func fillMapping(out *yaml.Node, content []*yaml.Node, budget *int, depth int, within []*yaml.Node) error {
	var merged []*yaml.Node
	for i := 0; i+1 < len(content); i += 2 {
		key, err := fill(content[i], budget, depth, within)
		if err != nil {
			return err
		}
		value, err := fill(content[i+1], budget, depth, within)
		if err != nil {
			return err
		}
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!null" {
			return fmt.Errorf("line %d: a key is no text", key.Line)
		}
		if old, _ := entry(out, key.Value); old != nil {
			return fmt.Errorf("line %d: key %s is there already, on line %d", key.Line, key.Value, old.Line)
		}
		out.Content = append(out.Content, key, value)
	}
	for _, m := range merged {
		sources := []*yaml.Node{m}
		if m.Kind == yaml.SequenceNode {
			sources = m.Content
		}
		for _, s := range sources {
			if s.Kind != yaml.MappingNode {
				return fmt.Errorf("line %d: << takes mappings alone", s.Line)
			}
			for i := 0; i < len(s.Content); i += 2 {
				if old, _ := entry(out, s.Content[i].Value); old == nil {
					out.Content = append(out.Content, s.Content[i], s.Content[i+1])
				}
			}
		}
	}
	return nil
}

// entry is key and its value in a mapping; nil where it is not there, or m is
// no mapping.
func entry(m *yaml.Node, key string) (k, v *yaml.Node) {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// at is the value of key in a mapping; nil where it is not there.
func at(m *yaml.Node, key string) *yaml.Node {
	_, v := entry(m, key)
	return v
}

// entries calls each for the keys and values of a mapping; of anything else
// it has none.
func entries(m *yaml.Node, each func(key, value *yaml.Node)) {
	if m == nil || m.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		each(m.Content[i], m.Content[i+1])
	}
}

// take removes key from a mapping, and returns its value.
func take(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			v := m.Content[i+1]
			m.Content = append(m.Content[:i:i], m.Content[i+2:]...)
			return v
		}
	}
	return nil
}

// put sets key of a mapping.
func put(m *yaml.Node, key string, value *yaml.Node) {
	take(m, key)
	m.Content = append(m.Content, text(key, value.Line), value)
}

// text is a scalar that is a text, whatever it looks like.
func text(s string, line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Line: line}
}

func mapping(line int) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: line}
}

func sequence(line int, items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: line, Content: items}
}

func isText(n *yaml.Node) bool { return n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!str" }

// writeDocuments is the text of documents.
func writeDocuments(documents []*yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), e.Close()
}

// scalars are a scalar, or those of a list.
func scalars(n *yaml.Node) []*yaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
		return []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		return nil
	}
	var all []*yaml.Node
	for _, c := range n.Content {
		if c.Kind == yaml.ScalarNode {
			all = append(all, c)
		}
	}
	return all
}
