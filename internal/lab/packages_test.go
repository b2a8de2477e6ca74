package lab

import (
	"strings"
	"testing"
)

func TestFlatIndex(t *testing.T) {
	const available = `Package: docker.io
Version: 20.10.24+dfsg1-1
Architecture: amd64
Description: containers
 Filename: is no field here
Filename: pool/main/d/docker.io/docker.io_20.10.24+dfsg1-1_amd64.deb
Size: 7

Package: other
Version: 1
Architecture: all
Filename: pool/o.deb

Package: dnsutils
Version: 1:9.18
Architecture: amd64
Filename: pool/main/b/dnsutils_9.18_amd64.deb
Size: 8
`
	t.Run("only what was fetched is listed, under the name it is served by", func(t *testing.T) {
		got, err := flatIndex(available, []string{"dnsutils_1%3a9.18_amd64.deb", "docker.io_20.10.24+dfsg1-1_amd64.deb"})
		if err != nil {
			t.Fatal(err)
		}
		const want = `Package: docker.io
Version: 20.10.24+dfsg1-1
Architecture: amd64
Description: containers
 Filename: is no field here
Filename: ./docker.io_20.10.24+dfsg1-1_amd64.deb
Size: 7

Package: dnsutils
Version: 1:9.18
Architecture: amd64
Filename: ./dnsutils_1.9.18_amd64.deb
Size: 8
`
		if got != want {
			t.Errorf("flatIndex =\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("a file that apt does not describe is named", func(t *testing.T) {
		if _, err := flatIndex(available, []string{"gone_1_all.deb"}); err == nil || !strings.Contains(err.Error(), "gone_1_all.deb") {
			t.Errorf("error = %v, want one that names gone_1_all.deb", err)
		}
	})
}

func TestFlatRelease(t *testing.T) {
	const want = "Origin: rundock lab\nSuite: lab\nSHA256:\n e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 Packages\n"
	if got := flatRelease(""); got != want {
		t.Errorf("flatRelease of nothing = %q, want %q", got, want)
	}
}

func TestFingerprint(t *testing.T) {
	a, err := fingerprint("bookworm", "http://a")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := fingerprint("bookworm", "http://a"); again != a {
		t.Errorf("the same base has the names %s and %s", a, again)
	}
	if other, _ := fingerprint("trixie", "http://a"); other == a {
		t.Errorf("bookworm and trixie have the same name %s", a)
	}
}

func TestLSBHeader(t *testing.T) {
	const script = "#! /bin/sh\n# x\n### BEGIN INIT INFO\n# Provides: hwclock\n### END INIT INFO\nhwclock --hctosys\n"
	if got, want := lsbHeader(script), "### BEGIN INIT INFO\n# Provides: hwclock\n### END INIT INFO\n"; got != want {
		t.Errorf("lsbHeader = %q, want %q", got, want)
	}
	if got := lsbHeader("#!/bin/sh\nexit 0\n"); got != "" {
		t.Errorf("lsbHeader of a script without = %q, want nothing", got)
	}
}
