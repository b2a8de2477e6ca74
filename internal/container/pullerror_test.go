package container

import (
	"errors"
	"strings"
	"testing"
)

func TestExplainPull_says_what_dockerd_means(t *testing.T) {
	const ref = "registry.s.prod.example.com:5000/web:1"
	for says, want := range map[string]string{
		`Head "https://registry.s.prod.example.com:5000/v2/web/manifests/1": no basic auth credentials`: "registry.s.prod.example.com:5000 asks who is calling, and this host has no user there",
		"unauthorized: authentication required":                                                         "docker login registry.s.prod.example.com:5000",
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":              "/etc/docker/certs.d/registry.s.prod.example.com:5000/ca.crt",
		"x509: certificate has expired or is not yet valid: current time is":                            "has ended, or a clock is wrong",
		"http: server gave HTTP response to HTTPS client":                                               "rundock_image_registries",
	} {
		err := errors.New(says)
		if got := explainPull(ref, err); !strings.Contains(got.Error(), want) || !errors.Is(got, err) {
			t.Errorf("%s: %v, want %s, and what dockerd said", says, got, want)
		}
	}
	other := errors.New("manifest unknown")
	if got := explainPull(ref, other); got != other {
		t.Errorf("%v became %v", other, got)
	}
	if explainPull(ref, nil) != nil {
		t.Error("nil is an error")
	}
}
