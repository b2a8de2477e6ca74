package playbooks

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/registrytest"
)

// tokens is a server of tokens as Docker Hub and GHCR have them: by user and password it signs
// what an image registry believes.
//
// Source: distribution's docs/spec/auth/token.md and jwt.md.
type tokens struct {
	url  string
	key  *rsa.PrivateKey
	cert []byte // DER

	mu    sync.Mutex
	given map[string]int // tokens by user
}

func newTokens(t *testing.T) *tokens {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tokens"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := &tokens{key: key, cert: cert, given: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != "team" || password != "pa/ss:word@1" {
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	s.given[user]++
	s.mu.Unlock()
	json.NewEncoder(w).Encode(map[string]any{"token": s.sign(r.URL.Query().Get("service"), r.URL.Query()["scope"]), "expires_in": 300})
}

// sign is a token for scopes such as repository:app:pull.
func (s *tokens) sign(service string, scopes []string) string {
	access := []map[string]any{}
	for _, scope := range scopes {
		if parts := strings.SplitN(scope, ":", 3); len(parts) == 3 {
			access = append(access, map[string]any{"type": parts[0], "name": parts[1], "actions": strings.Split(parts[2], ",")})
		}
	}
	now := time.Now().Unix()
	part := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := part(map[string]any{"typ": "JWT", "alg": "RS256", "x5c": []string{base64.StdEncoding.EncodeToString(s.cert)}}) + "." +
		part(map[string]any{"iss": "tokens", "sub": "team", "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": fmt.Sprint(time.Now().UnixNano()), "access": access})
	sum := sha256.Sum256([]byte(text))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (s *tokens) count(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given[user]
}

// serveImages runs docker-registry with a configuration, in which ADDRESS stands for where it
// listens and DATA for its folder, and returns the address.
func serveImages(t *testing.T, configuration string) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("docker-registry is not installed")
	}
	address, dir := registrytest.Address(), t.TempDir()
	write(t, dir, "registry.yml", strings.NewReplacer("ADDRESS", address, "DATA", filepath.Join(dir, "data")).Replace(configuration))
	var log bytes.Buffer
	cmd := exec.Command(program, "serve", filepath.Join(dir, "registry.yml"))
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("docker-registry at %s:\n%s", address, &log)
		}
	})
	await.Empty(t, "docker-registry answers", func() string {
		r, err := http.Get("http://" + address + "/")
		if err != nil {
			return err.Error()
		}
		r.Body.Close()
		return ""
	})
	return address
}

// mirrorOf is the configuration that site.yml writes for a mirror of a registry.
func mirrorOf(t *testing.T, url, password string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "inventory", "[rundock_image_registry]\none\n")
	write(t, dir, "play.yml", `
- hosts: one
  connection: local
  gather_facts: false
  vars:
    rundock_zone: s.example.com
    rundock_trust: false
    rundock_private_address: 127.0.0.1
    rundock_image_mirror_url: `+url+`
    rundock_image_mirror_username: team
    rundock_image_mirror_password: `+password+`
  roles: [image_registry]
`)
	write(t, dir, "roles/image_registry/tasks/main.yml", `
- ansible.builtin.copy:
    content: "{{ (rundock_image_registry_files | selectattr('path', 'search', 'mirror') | first).content }}"
    dest: "{{ playbook_dir }}/mirror.yml"
`)
	copyVariables(t, "image_registry", filepath.Join(dir, "roles/image_registry"))
	if err := os.CopyFS(filepath.Join(dir, "roles/image_registry/templates"), os.DirFS("roles/image_registry/templates")); err != nil {
		t.Fatal(err)
	}
	if out, err := play(t, dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "mirror.yml"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("127.0.0.1:5001", "ADDRESS", "/var/lib/docker-registry-mirror", "DATA").Replace(string(data))
}

// exchange makes a request with a token, or none, and returns the answer.
func exchange(t *testing.T, method, url, kind, token string, body []byte) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", manifestKind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(data)
}

const manifestKind = "application/vnd.docker.distribution.manifest.v2+json"

// push puts an image of one small blob, which is its configuration as well, there as app:one.
func push(t *testing.T, registry, token string) (blob, digest string) {
	t.Helper()
	blob = `{"architecture":"amd64","os":"linux"}`
	digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(blob)))
	begun, said := exchange(t, "POST", "http://"+registry+"/v2/app/blobs/uploads/", "", token, nil)
	if begun.StatusCode != http.StatusAccepted {
		t.Fatalf("begin an upload: %s %s", begun.Status, said)
	}
	if done, said := exchange(t, "PUT", begun.Header.Get("Location")+"&digest="+digest, "application/octet-stream", token, []byte(blob)); done.StatusCode != http.StatusCreated {
		t.Fatalf("upload: %s %s", done.Status, said)
	}
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q},"layers":[]}`, manifestKind, len(blob), digest)
	if done, said := exchange(t, "PUT", "http://"+registry+"/v2/app/manifests/one", manifestKind, token, []byte(manifest)); done.StatusCode != http.StatusCreated {
		t.Fatalf("push the manifest: %s %s", done.Status, said)
	}
	return blob, digest
}

// A private registry that wants a token for each repository, as Docker Hub and GHCR do, is mirrored
// with the user and the password on the mirror's host alone: who pulls has neither.
func TestMirror_pulls_from_a_registry_that_wants_tokens(t *testing.T) {
	s := newTokens(t)
	bundle := filepath.Join(t.TempDir(), "tokens.crt")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert}), 0o600); err != nil {
		t.Fatal(err)
	}
	upstream := serveImages(t, "version: 0.1\nstorage: {filesystem: {rootdirectory: DATA}}\nhttp: {addr: ADDRESS}\nauth:\n  token: {realm: "+s.url+"/token, service: images, issuer: tokens, rootcertbundle: "+bundle+"}\n")
	blob, digest := push(t, upstream, s.sign("images", []string{"repository:app:pull,push"}))
	refused, _ := exchange(t, "GET", "http://"+upstream+"/v2/app/manifests/one", "", "", nil)
	if challenge := refused.Header.Get("WWW-Authenticate"); refused.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(challenge, "Bearer realm=") {
		t.Fatalf("without a token: %s, %q", refused.Status, challenge)
	}

	mirror := serveImages(t, mirrorOf(t, "http://"+upstream, "pa/ss:word@1"))
	if got, said := exchange(t, "GET", "http://"+mirror+"/v2/app/manifests/one", "", "", nil); got.StatusCode != http.StatusOK || !strings.Contains(said, digest) {
		t.Errorf("the manifest by the mirror: %s %s", got.Status, said)
	}
	if got, said := exchange(t, "GET", "http://"+mirror+"/v2/app/blobs/"+digest, "", "", nil); got.StatusCode != http.StatusOK || said != blob {
		t.Errorf("the blob by the mirror: %s %s", got.Status, said)
	}
	if s.count("team") == 0 {
		t.Error("nobody asked for a token")
	}

	stranger := serveImages(t, mirrorOf(t, "http://"+upstream, "another"))
	if got, said := exchange(t, "GET", "http://"+stranger+"/v2/app/manifests/one", "", "", nil); got.StatusCode == http.StatusOK {
		t.Errorf("with a wrong password: %s %s", got.Status, said)
	}
}
