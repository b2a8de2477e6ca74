package spec

import "strings"

// SameImage reports whether two references are one, spelled differently:
//
//	SameImage("grafana", "docker.io/library/grafana:latest") == true
//
// Which image a reference means now is not asked. The hash of a Container has
// it as it is spelled, since releases before this one compared it so.
func SameImage(a, b string) bool { return fullReference(a) == fullReference(b) }

// fullReference is ref with what Docker fills in: its own registry, there the
// library, and the tag latest. Source: distribution/reference's normalize.go.
func fullReference(ref string) string {
	name, digest, pinned := strings.Cut(ref, "@")
	tag := ""
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name, tag = name[:i], name[i+1:]
	}
	registry, path, ok := strings.Cut(name, "/")
	if !ok || !strings.ContainsAny(registry, ".:") && registry != "localhost" && registry == strings.ToLower(registry) {
		registry, path = "docker.io", name
	}
	if registry == "index.docker.io" {
		registry = "docker.io"
	}
	if registry == "docker.io" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	if tag == "" && !pinned {
		tag = "latest"
	}
	return registry + "/" + path + ":" + tag + "@" + digest
}
