package place

import (
	"fmt"
	"regexp"
	"strings"

	"rundock/internal/stack"
)

// matcher is a rule's value, made ready.
type matcher struct {
	stack.Rule
	expression *regexp.Regexp // of Regexp
	prefix     string         // of Glob: what comes before its first *
	what       string         // of a constraint, for reasons: constraint node==a
}

func newMatcher(r stack.Rule) (matcher, error) {
	m := matcher{Rule: r, what: "constraint " + r.String()}
	switch r.Match {
	case stack.Glob:
		m.prefix, _, _ = strings.Cut(r.Value, "*")
	case stack.Regexp:
		var err error
		if m.expression, err = regexp.Compile(r.Value); err != nil {
			return m, fmt.Errorf("%s: %w", r, err)
		}
	case stack.Word:
	default:
		return m, fmt.Errorf("%s: match %q: want glob, regexp or word", r.Key, r.Match)
	}
	return m, nil
}

// matches reports whether one of values is as the rule's value says. Its Not is
// not looked at.
func (m *matcher) matches(values ...string) bool {
	for _, value := range values {
		switch m.Match {
		case stack.Regexp:
			if m.expression.MatchString(value) {
				return true
			}
		case stack.Word:
			if strings.EqualFold(m.Value, value) {
				return true
			}
		default:
			if glob(m.Value, value) {
				return true
			}
		}
	}
	return false
}

// glob reports whether text is pattern, in which each * stands for any text.
func glob(pattern, text string) bool {
	before, after, has := strings.Cut(pattern, "*")
	if !has {
		return pattern == text
	}
	if !strings.HasPrefix(text, before) {
		return false
	}
	text = text[len(before):]
	for {
		before, rest, has := strings.Cut(after, "*")
		if !has {
			return strings.HasSuffix(text, before)
		}
		at := strings.Index(text, before)
		if at < 0 {
			return false
		}
		text, after = text[at+len(before):], rest
	}
}

// hostValues are what a constraint's or preference's key is of a host. A label
// that is not there is "", as in both Swarms.
func hostValues(key string, h *Host) []string {
	switch key {
	case stack.KeyNode:
		return []string{h.Name}
	case stack.KeyRole:
		return []string{h.role()}
	case stack.KeyArch:
		return archNames(h.Arch)
	case stack.KeyOS:
		return []string{"linux"}
	case stack.KeyGroup:
		return h.Groups
	}
	return []string{h.Labels[strings.TrimPrefix(key, stack.LabelPrefix)]}
}

// heldBy reports whether a constraint holds on a host.
func (m *matcher) heldBy(h *Host) bool { return m.matches(hostValues(m.Key, h)...) != m.Not }

// names are a container's in both forms that Compose has had: shop-web-1 and
// shop_web_1.
func (c *Container) names() []string {
	project, service := c.Labels[projectLabel], c.Labels[serviceLabel]
	number, ok := strings.CutPrefix(c.Name, project+"-"+service+"-")
	if !ok || project == "" {
		return []string{c.Name}
	}
	return []string{c.Name, project + "_" + service + "_" + number}
}

// Labels that Compose gives its containers, and ours.
const (
	projectLabel = "com.docker.compose.project"
	serviceLabel = "com.docker.compose.service"
	stackLabel   = "rundock.stack"
)

// imageNames are what an affinity may call an image: whole, without digest, and
// without tag.
func imageNames(image string) []string {
	names := []string{image}
	plain, _, digest := strings.Cut(image, "@")
	if digest {
		names = append(names, plain)
	}
	if colon := strings.LastIndexByte(plain, ':'); colon > strings.LastIndexByte(plain, '/') {
		names = append(names, plain[:colon])
	}
	return names
}

// among reports whether one of a host's containers that are not the stack's, or
// of its images, is what an affinity names.
func (m *matcher) among(h *Host) bool {
	for i := range h.Used.Containers {
		c := &h.Used.Containers[i]
		switch m.Key {
		case stack.KeyContainer:
			if m.matches(c.names()...) {
				return true
			}
		case stack.KeyImage:
			if m.matches(imageNames(c.Image)...) {
				return true
			}
		default:
			if value, ok := c.Labels[strings.TrimPrefix(m.Key, stack.LabelPrefix)]; ok && m.matches(value) {
				return true
			}
		}
	}
	if m.Key == stack.KeyImage {
		for _, image := range h.Images {
			if m.matches(imageNames(image)...) {
				return true
			}
		}
	}
	return false
}

// matchesService reports whether an affinity names a service's containers by what
// they all have, which is all but their names.
func (m *matcher) matchesService(stackName, name string, s *stack.Service) bool {
	switch m.Key {
	case stack.KeyContainer:
		return false
	case stack.KeyImage:
		return m.matches(imageNames(s.Container.Image)...)
	}
	switch label := strings.TrimPrefix(m.Key, stack.LabelPrefix); label {
	case projectLabel, stackLabel:
		return m.matches(stackName)
	case serviceLabel:
		return m.matches(name)
	default:
		value, ok := s.Container.Labels[label]
		return ok && m.matches(value)
	}
}

// mayName reports whether an affinity may name a container that begins with
// prefix: that spares looking at most of them.
func (m *matcher) mayName(prefix string) bool {
	switch m.Match {
	case stack.Regexp:
		return true
	case stack.Word:
		return len(m.Value) > len(prefix) && strings.EqualFold(m.Value[:len(prefix)], prefix)
	}
	return strings.HasPrefix(m.prefix, prefix) || m.prefix != m.Value && strings.HasPrefix(prefix, m.prefix)
}
