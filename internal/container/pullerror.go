package container

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// pullTroubles are what dockerd says where an image registry does not let a host in, and
// what that means.
var pullTroubles = []struct{ says, means string }{
	{"no basic auth credentials", "the image registry %s asks who is calling, and this host has no user there (/root/.docker/config.json): docker login %[1]s"},
	{"unauthorized:", "the image registry %s does not take the user, or the password, that this host has for it (/root/.docker/config.json): docker login %[1]s"},
	{"certificate signed by unknown authority", "dockerd does not know the authority of the certificate of the image registry %s (/etc/docker/certs.d/%[1]s/ca.crt)"},
	{"certificate has expired or is not yet valid", "the certificate of the image registry %s has ended, or a clock is wrong"},
	{"server gave HTTP response to HTTPS client", "the image registry %s has no TLS, and dockerd is not told so: name it in rundock_image_registries"},
}

// explainPull adds to an error of a pull what it means, where that is known.
func explainPull(ref string, err error) error {
	if err == nil {
		return nil
	}
	named, bad := reference.ParseNormalizedNamed(ref)
	for _, trouble := range pullTroubles {
		if bad == nil && strings.Contains(err.Error(), trouble.says) {
			return fmt.Errorf("%s: %w", fmt.Sprintf(trouble.means, reference.Domain(named)), err)
		}
	}
	return err
}
