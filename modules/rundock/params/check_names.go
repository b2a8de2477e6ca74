package params

import (
	"fmt"
	"strings"
)

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// overlayName is the folder beside those of services, under /run/rundock and
// /var/lib/rundock, that state=absent of such a service would remove.
const overlayName = "overlay"

// checkName is Docker's rule for container names. It also keeps a name from
// being a path.
func checkName(name string) error {
	const longest = 200 // with prefix and suffixes it still is a file name
	ok := len(name) >= 2 && strings.Contains(alphanumeric, name[:1]) && strings.Trim(name[1:], alphanumeric+"_.-") == ""
	if !ok {
		return fmt.Errorf("value of name must be two or more of a-z, A-Z, 0-9, _, . and -, the first a letter or a digit, got: %q", name)
	}
	if len(name) > longest {
		return fmt.Errorf("value of name must have at most %d characters, got: %d", longest, len(name))
	}
	if name == overlayName {
		return fmt.Errorf("value of name must not be %s: what is known of overlay networks is kept in the folders of that name, got: %[1]q", name)
	}
	return nil
}

// checkLabel is the rule for a name that becomes a part of a DNS name.
func checkLabel(name string) error {
	if len(name) > 63 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasSuffix(name, "-") {
		return fmt.Errorf("value of name must be a DNS label when the service is announced: up to 63 of a-z, 0-9 and -, the last not a -, got: %q", name)
	}
	return nil
}

// checkImage refuses what is no image reference: [host[:port]/]path[:tag][@digest].
func checkImage(image string) error {
	bad := func(why string) error {
		return fmt.Errorf("value of image must be [registry[:port]/]name[:tag][@digest]: %s, got: %q", why, image)
	}
	if isImageID(image) {
		return bad("an image's ID is of one host, and no image registry is asked by it: give a name that the image has, or name@sha256:... by its digest (docker images --digests)")
	}
	name, digest, pinned := strings.Cut(image, "@")
	if pinned && (!strings.HasPrefix(digest, "sha256:") || len(digest) != len("sha256:")+64 || strings.Trim(digest[7:], "0123456789abcdef") != "") {
		return bad("the digest is sha256: and 64 of 0-9 and a-f")
	}
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		tag := name[i+1:]
		if name = name[:i]; tag == "" || len(tag) > 128 || strings.ContainsAny(tag[:1], ".-") || strings.Trim(tag, alphanumeric+"_.-") != "" {
			return bad("a tag has up to 128 of a-z, A-Z, 0-9, _, . and -")
		}
	}
	if registry, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(registry, ".:[") || registry == "localhost") {
		if registry == "" || strings.Trim(registry, alphanumeric+".-:[]") != "" {
			return bad("the image registry is a host name or an address")
		}
		name = rest
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || strings.ContainsAny(part[:1]+part[len(part)-1:], "._-") {
			return bad("a name has a-z, 0-9, and between them ., _ and -, in lower case")
		}
	}
	return nil
}

// isImageID reports whether docker run would take image for the ID of one that is there:
// sha256:0f1e..., shortened or not, or 64 digits alone. A pull would ask for a repository sha256.
func isImageID(image string) bool {
	digits, ok := strings.CutPrefix(image, "sha256:")
	return (ok || len(image) == 64) && strings.Trim(digits, "0123456789abcdef") == ""
}
