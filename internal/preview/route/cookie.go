package route

import "strings"

// KeepsCookie says whether a Set-Cookie header stays with the preview whose own name
// is own ("akira.y.example.com"): one for a domain above it would be sent to all
// previews, and to what is beside them. Of several domains browsers take the last.
func KeepsCookie(header, own string) bool {
	_, attributes, _ := strings.Cut(header, ";")
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, value, _ := strings.Cut(attribute, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "domain") {
			continue
		}
		domain := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(value), "."))
		if domain != "" && domain != own && !strings.HasSuffix(domain, "."+own) {
			return false
		}
	}
	return true
}
