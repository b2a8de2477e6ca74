// Package hook takes what GitHub, Gitea and GitLab send of pushes to a repository, at /api/v1/hooks/REPO. A
// repository's secret is a file; without it, or without a signature, nothing is taken.
//
//	X-Hub-Signature-256: sha256=HEX   HMAC-SHA256 of the body as it came (GitHub)
//	X-Gitea-Signature: HEX            the same (Gitea, Forgejo)
//	X-Gitlab-Token: SECRET            the secret itself (GitLab)
//
// Of a message one thing is read: which branch it is about. What happened to that the repository
// is asked, at the address that the store has; so a message that is sent again moves nothing back.
package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rundock/internal/preview"
	"rundock/supervisor/previewweb/api"
	"rundock/supervisor/previewweb/change"
)

const (
	bodyAtMost    = 5 << 20            // GitHub's are 25 MB at most, and those of a push far less
	secretAtLeast = 16                 // bytes
	seenAtMost    = 10_000             // messages that are remembered
	seenFor       = 7 * 24 * time.Hour // and for how long
)

// Handler takes hooks.
type Handler struct {
	Changer *change.Changer
	Secrets string // folder of secrets: a file for each repository, called as it is
	Log     *slog.Logger

	Patience time.Duration // of whoever sends a message

	mu   sync.Mutex
	seen map[[32]byte]time.Time
}

// Register adds the hooks' path to mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle("POST "+api.Prefix+"/hooks/{repo}", h)
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	repo := r.PathValue("repo")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyAtMost))
	if err != nil {
		api.WriteError(w, http.StatusRequestEntityTooLarge, "hook of "+repo+": its body is too large")
		return
	}
	by, signature, err := h.verify(repo, r.Header, body)
	if err != nil {
		h.Log.Warn("a hook is refused", "repo", repo, "from", r.RemoteAddr, "err", err)
		api.WriteError(w, http.StatusUnauthorized, "hook of "+repo+": "+errSigned.Error())
		return
	}
	branch, err := branchOf(body)
	if err != nil {
		api.WriteError(w, http.StatusBadRequest, "hook of "+repo+": "+err.Error())
		return
	}
	if branch == "" {
		answer(w, "nothing, as it is not about a branch")
		return
	}
	message := sha256.Sum256(append([]byte(repo+"\n"+signature+"\n"), body...))
	if !h.first(message) {
		api.WriteError(w, http.StatusConflict, "hook of "+repo+": this message was taken before")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.Patience)
	defer cancel()
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	done, err := h.Changer.Pushed(ctx, change.Who{Name: by + " hook of " + repo, From: from}, repo, branch)
	if err != nil {
		h.forget(message) // whoever sends it again is to be heard
		h.Log.Warn("a hook did nothing", "repo", repo, "branch", branch, "err", err)
		api.WriteError(w, api.StatusOf(err), "hook of "+repo+": "+api.Sentence(err))
		return
	}
	answer(w, done)
}

func answer(w http.ResponseWriter, done string) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(api.Hooked{Done: done})
}

// errSigned is all that who is refused is told: not whether there is such a repository.
var errSigned = errors.New("it is not signed by the repository's secret")

// verify says by whose rules a message is signed, and with what.
func (h *Handler) verify(repo string, header http.Header, body []byte) (by, signature string, err error) {
	secret, err := h.secret(repo)
	if err != nil {
		return "", "", err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	want := mac.Sum(nil)
	if text := header.Get("X-Hub-Signature-256"); text != "" {
		hexadecimal, ok := strings.CutPrefix(text, "sha256=")
		got, err := hex.DecodeString(hexadecimal)
		if !ok || err != nil || !hmac.Equal(got, want) {
			return "", "", errors.New("X-Hub-Signature-256 is wrong")
		}
		return "GitHub", text, nil
	}
	if text := header.Get("X-Gitea-Signature"); text != "" {
		got, err := hex.DecodeString(text)
		if err != nil || !hmac.Equal(got, want) {
			return "", "", errors.New("X-Gitea-Signature is wrong")
		}
		return "Gitea", text, nil
	}
	if text := header.Get("X-Gitlab-Token"); text != "" {
		got, want := sha256.Sum256([]byte(text)), sha256.Sum256(secret)
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return "", "", errors.New("X-Gitlab-Token is wrong")
		}
		// The token is the same each time; GitLab numbers its messages.
		return "GitLab", header.Get("X-Gitlab-Event-UUID"), nil
	}
	return "", "", errors.New("there is no signature")
}

// secret is that of a repository; an error: it has none that counts.
func (h *Handler) secret(repo string) ([]byte, error) {
	if (preview.Repo{Name: repo, URL: "https://example.com/x"}).Check() != nil {
		return nil, errors.New("there can be no such repository")
	}
	data, err := os.ReadFile(filepath.Join(h.Secrets, repo))
	if err != nil {
		return nil, err
	}
	if data = bytes.TrimSpace(data); len(data) < secretAtLeast {
		return nil, errors.New("the secret has too few bytes: 16 are the least")
	}
	return data, nil
}

// branchOf is the branch that a message is about; "": it is about none.
func branchOf(body []byte) (string, error) {
	var message struct {
		Ref     string `json:"ref"`
		RefType string `json:"ref_type"` // of messages that a branch or tag was made or deleted, whose ref is its name alone
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return "", errors.New("its body is no JSON; choose application/json where it is set up")
	}
	if branch, ok := strings.CutPrefix(message.Ref, "refs/heads/"); ok {
		return branch, nil
	}
	if message.RefType == "branch" {
		return message.Ref, nil
	}
	return "", nil
}

// first remembers a message, and says whether it is new.
func (h *Handler) first(message [32]byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at, there := h.seen[message]; there && time.Since(at) < seenFor {
		return false
	}
	if h.seen == nil || len(h.seen) >= seenAtMost {
		h.seen = map[[32]byte]time.Time{}
	}
	h.seen[message] = time.Now()
	return true
}

func (h *Handler) forget(message [32]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.seen, message)
}
