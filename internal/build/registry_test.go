package build

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"rundock/internal/await"
)

// asking is an image registry that asks for users, of which this host is one, with a password.
const (
	asking   = "127.0.0.1:5055"
	password = "correct-horse-9"
)

// startAsking starts it, and ends it with the test if stop has not.
func (s *site) startAsking(t *testing.T) (stop func()) {
	t.Helper()
	dir := t.TempDir()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"users":        "node-1:" + string(hash) + "\n",
		"registry.yml": fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/images}}\nhttp: {addr: '%s'}\nauth: {htpasswd: {realm: images, path: %[1]s/users}}\n", dir, asking),
		"config.json":  fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, asking, base64.StdEncoding.EncodeToString([]byte("node-1:"+password))),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("DOCKER_CONFIG", dir)
	server := exec.Command("nsenter", "--net="+s.network, "docker-registry", "serve", filepath.Join(dir, "registry.yml"))
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() { server.Process.Kill(); server.Wait() }
	t.Cleanup(stop)
	await.Equal(t, "the image registry asks", "401", func() string {
		code, _ := exec.Command("nsenter", "--net="+s.network, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://"+asking+"/v2/").Output()
		return string(code)
	})
	return stop
}

// asks is a part of TestBuild.
func (s *site) asks(t *testing.T) {
	s.t = t
	stop := s.startAsking(t)
	base, log := s.request("t30", "busybox true")
	base.Name = asking + "/base"
	made, err := s.builder.Build(t.Context(), base)
	if err != nil {
		t.Fatalf("%v\n%s", err, log())
	}
	for _, line := range strings.Split(log(), "\n") { // here it is not to be
		if name, ok := strings.CutPrefix(line, "building "); ok {
			name, _, _ = strings.Cut(name, ",")
			if err := s.builder.Docker.UntagImage(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	on := func(noFetch bool, registries ...string) (string, error) {
		r, log := s.request(fmt.Sprint("t31", noFetch), "busybox env; busybox cat /proc/*/environ /proc/*/cmdline; busybox find / -xdev -name 'config.json*'; echo it ran")
		text, err := r.Branch.ReadFile("web/Dockerfile")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Branch.WriteFile("web/Dockerfile", []byte(strings.Replace(string(text), "FROM scratch", "FROM "+made.Image, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		r.Push, r.Name = false, "preview/web"
		b := s.builder
		b.Registries, b.NoFetch, r.Build.NoCache = registries, noFetch, true
		_, err = b.Build(t.Context(), r)
		return log(), err
	}
	for _, noFetch := range []bool{true, false} {
		if said, err := on(noFetch, "127.0.0.1:5000"); err == nil || !strings.Contains(err.Error(), "no basic auth credentials") {
			t.Errorf("a build that has no credentials: %v\n%s", err, said)
		}
	}
	for _, noFetch := range []bool{true, false} {
		said, err := on(noFetch, asking)
		if err != nil || !strings.Contains(said, "it ran") {
			t.Errorf("a build on an image of a registry that asks: %v\n%s", err, said)
		}
		if strings.Contains(said, password) || strings.Contains(said, base64.StdEncoding.EncodeToString([]byte("node-1:"+password))) {
			t.Errorf("its steps see the credentials:\n%s", said)
		}
		if noFetch { // the other one is to pull it, too
			if err := s.builder.Docker.UntagImage(t.Context(), made.Image); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	for platform, asked := range map[string]bool{"": false, "linux/" + runtime.GOARCH: false, "linux/s390x": true} {
		if got, err := s.builder.Docker.Pull(t.Context(), made.Image, platform, "always"); err != nil || (got.Warning != "") != asked || got.Image == "" {
			t.Errorf("an image that is here by its digest, for platform %q, with its image registry away: %+v, %v", platform, got, err)
		}
	}
}
