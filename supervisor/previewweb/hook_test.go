package previewweb

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/known"
)

const secret = "a secret of sixteen bytes and more"

func signed(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// hookRig has the preview main of shop, and the secret of shop's hook.
func hookRig(t *testing.T) *rig {
	g := newRig(t)
	if err := os.MkdirAll(g.parts.hooks, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(g.parts.hooks, "shop"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	g.shown("main", "is shown", func(known.Preview) bool { return true })
	return g
}

func (g *rig) hook(repo, body string, headers ...string) (int, string) {
	g.Helper()
	res, text := g.send(g.request("", "POST", "/api/v1/hooks/"+repo, body, headers...))
	return res.StatusCode, text
}

func TestHook_deploys_a_push_by_each_signature(t *testing.T) {
	g := hookRig(t)
	for by, headers := range map[string]func(body string) []string{
		"GitHub": func(body string) []string { return []string{"X-Hub-Signature-256", "sha256=" + signed(body)} },
		"Gitea":  func(body string) []string { return []string{"X-Gitea-Signature", signed(body)} },
		"GitLab": func(string) []string { return []string{"X-Gitlab-Token", secret, "X-Gitlab-Event-UUID", "1"} },
	} {
		commit := g.git.Commit("main", map[string]string{"by": by})
		// The address and the commit of a message count for nothing.
		body := `{"ref":"refs/heads/main","after":"` + strings.Repeat("0", 40) + `","repository":{"clone_url":"http://127.0.0.1:1/evil"},"by":"` + by + `"}`
		code, text := g.hook("shop", body, headers(body)...)
		if w := g.wish("main"); code != 200 || w.Commit != commit || w.Who != by+" hook of shop" || w.Want != preview.Running {
			t.Errorf("%s: %d %s, and the wish is %+v, want it at %s", by, code, text, w, commit)
		}
	}
}

func TestHook_refuses_what_is_not_signed(t *testing.T) {
	g := hookRig(t)
	before := g.wish("main")
	g.git.Commit("main", nil)
	body := `{"ref":"refs/heads/main"}`
	for claim, headers := range map[string][]string{
		"no signature":          nil,
		"an empty one":          {"X-Hub-Signature-256", ""},
		"another body's":        {"X-Hub-Signature-256", "sha256=" + signed(body+" ")},
		"without its algorithm": {"X-Hub-Signature-256", signed(body)},
		"no hexadecimal":        {"X-Gitea-Signature", "x"},
		"half of one":           {"X-Gitea-Signature", signed(body)[:32]},
		"another token":         {"X-Gitlab-Token", secret + "x"},
		"one that is bad first": {"X-Hub-Signature-256", "sha256=00", "X-Gitlab-Token", secret},
		"a token of the API's":  {"Authorization", "Bearer " + g.tokens[access.Admin]},
	} {
		if code, text := g.hook("shop", body, headers...); code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s, want 401", claim, code, text)
		}
	}
	good := []string{"X-Hub-Signature-256", "sha256=" + signed(body)}
	for _, repo := range []string{"nope", "..%2faccess.json", "SHOP"} {
		if code, text := g.hook(repo, body, good...); code != http.StatusUnauthorized || strings.Contains(text, "no such") {
			t.Errorf("of repository %s: %d %s, want 401", repo, code, text)
		}
	}
	if err := os.WriteFile(filepath.Join(g.parts.hooks, "shop"), []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, text := g.hook("shop", body, good...); code != http.StatusUnauthorized {
		t.Errorf("with an empty secret: %d %s, want 401", code, text)
	}
	if w := g.wish("main"); w != before {
		t.Errorf("the wish is %+v, want %+v", w, before)
	}
}

func TestHook_that_is_replayed_does_nothing(t *testing.T) {
	g := hookRig(t)
	g.git.Commit("main", map[string]string{"x": "1"})
	body := `{"ref":"refs/heads/main","n":1}`
	headers := []string{"X-Hub-Signature-256", "sha256=" + signed(body)}
	if code, text := g.hook("shop", body, headers...); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	after := g.wish("main")
	if code, text := g.hook("shop", body, headers...); code != http.StatusConflict {
		t.Errorf("the same message: %d %s, want 409", code, text)
	}
	// Also to a server that does not remember it.
	g.stop()
	g.start()
	if code, text := g.hook("shop", body, headers...); code != 200 || !strings.Contains(text, "already") {
		t.Errorf("the same message to another server: %d %s", code, text)
	}
	if w := g.wish("main"); w != after {
		t.Errorf("the wish is %+v, want %+v", w, after)
	}
}

func TestHook_removes_the_preview_of_a_branch_that_was_deleted(t *testing.T) {
	g := hookRig(t)
	g.git.Git("switch", "--quiet", "feature/Foo_bar")
	for claim, body := range map[string]string{
		"of a branch that is there":  `{"ref":"refs/heads/main","deleted":true}`,
		"of a branch without a name": `{"ref":"refs/tags/v1","deleted":true}`,
		"of a branch not previewed":  `{"ref":"refs/heads/other","deleted":true}`,
	} {
		if code, text := g.hook("shop", body, "X-Hub-Signature-256", "sha256="+signed(body)); code != 200 || g.wish("main").Want != preview.Running {
			t.Errorf("%s: %d %s, and the wish is %+v", claim, code, text, g.wish("main"))
		}
	}
	g.git.Git("branch", "--quiet", "-D", "main")
	// As Gitea tells of it, besides the push.
	body := `{"ref":"main","ref_type":"branch","pusher_type":"user"}`
	await.Nil(t, "the hook is taken", func() error {
		if code, text := g.hook("shop", body, "X-Gitea-Signature", signed(body)); code != 200 {
			return errorOf(text)
		}
		return nil
	})
	if w := g.wish("main"); w.Want != preview.Removed {
		t.Errorf("the wish is %+v, want it removed", w)
	}
	if noted := g.events("main"); noted[len(noted)-1] != "Gitea hook of shop: remove" {
		t.Errorf("the events are %q", noted)
	}
	bad := `{"ref":"refs/heads/main"`
	if code, text := g.hook("shop", bad, "X-Gitea-Signature", signed(bad)); code != 400 || !strings.Contains(text, "JSON") {
		t.Errorf("half a body: %d %s", code, text)
	}
}
