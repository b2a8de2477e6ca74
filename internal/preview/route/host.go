package route

import "strings"

// split returns the preview that host names below domain ("y.example.com"), and the
// label before its name, "" where there is none or more than one:
//
//	akira.y.example.com          akira, ""
//	api.akira.y.example.com      akira, api
//	api--akira.y.example.com     akira, api, which a certificate for *.y.example.com covers
//	a.b.akira.y.example.com      akira, ""
//
// own is the part of host that no other preview's name ends with. Case, a trailing
// dot and a port are left out of host. ok: it is below domain.
func split(host, domain string) (name, label, own string, ok bool) {
	host = plain(host)
	before, ok := strings.CutSuffix(host, domain)
	if !ok || len(before) < 2 || before[len(before)-1] != '.' {
		return "", "", "", false
	}
	before = before[:len(before)-1]
	name = before
	if i := strings.LastIndexByte(before, '.'); i >= 0 {
		name, label = before[i+1:], before[:i]
		if strings.IndexByte(label, '.') >= 0 {
			label = ""
		}
	}
	own = host[len(before)-len(name):]
	// Names have no two hyphens in a row, so that what is before the last two is a label.
	if i := strings.LastIndex(name, "--"); i > 0 {
		if label == "" && name == before {
			label = name[:i]
		}
		name = name[i+2:]
	}
	return name, label, own, name != ""
}

// plain is host in lower case, without port and trailing dot. It allocates only
// where there is an upper-case letter.
func plain(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
