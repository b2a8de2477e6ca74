package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"rundock/internal/complaint"
)

// Caller is who asks, and what that may do.
type Caller struct {
	Name  string
	Scope Scope
	From  string // address
}

// Errors of Who.
var (
	ErrUnknown = errors.New("who asks is not known: send a token as Authorization: Bearer TOKEN, or a name and password")
	ErrHost    = errors.New("without tokens and passwords this is for the host itself: call it by localhost or a loopback address")
)

// Guard tells who asks.
type Guard struct {
	path string // "": there is no file, and there will be none
	log  *slog.Logger

	mu    sync.Mutex
	begun bool // the file was there once
	seen  time.Time
	size  int64
	file  File
	said  complaint.Memory
	good  map[[32]byte]time.Time // passwords that were right, by a hash with what they were compared with

	comparing chan struct{} // of passwords, a token each: one comparison takes a while, on purpose
}

const (
	rightFor    = 5 * time.Minute // a password is not compared anew
	rightAtMost = 1000
)

// Open returns a Guard by the file at path; "", and while it was never there: one that lets everybody on loopback do
// everything.
func Open(path string, log *slog.Logger) (*Guard, error) {
	g := &Guard{path: path, log: log, good: map[[32]byte]time.Time{}, comparing: make(chan struct{}, 2)}
	if path == "" {
		return g, nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	g.file, err = Load(path)
	g.begun, g.seen, g.size = true, info.ModTime(), info.Size()
	return g, err
}

// Asks says whether anybody is asked who they are: from when on the file is there.
func (g *Guard) Asks() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.begun && g.path != "" {
		_, err := os.Stat(g.path)
		g.begun = !errors.Is(err, fs.ErrNotExist)
	}
	return g.begun
}

// current is the file as it is now; where that cannot be read, as it was.
func (g *Guard) current() File {
	g.mu.Lock()
	defer g.mu.Unlock()
	info, err := os.Stat(g.path)
	if err == nil && info.ModTime().Equal(g.seen) && info.Size() == g.size {
		return g.file
	}
	var f File
	if err == nil {
		f, err = Load(g.path)
	}
	if err != nil {
		if g.said.News(time.Now(), err.Error()) {
			g.log.Warn("tokens and passwords of before count, as the file cannot be read", "err", err)
		}
		return g.file
	}
	g.file, g.seen, g.size, g.good = f, info.ModTime(), info.Size(), map[[32]byte]time.Time{}
	return f
}

// Who tells who sent a request.
func (g *Guard) Who(r *http.Request) (Caller, error) {
	peer := peerOf(r)
	if !g.Asks() {
		if !loopbackName(r.Host) || !peer.IsLoopback() {
			return Caller{}, ErrHost
		}
		return Caller{Name: "loopback", Scope: Admin, From: peer.String()}, nil
	}
	f := g.current()
	from := peer.String()
	if p := f.Proxy; p != nil && slices.Contains(p.from, peer) {
		if hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ","); hops[0] != "" {
			from = strings.TrimSpace(hops[len(hops)-1])
		}
		if name := r.Header.Get(p.Header); name != "" {
			if CheckName(name) != nil {
				return Caller{}, ErrUnknown
			}
			return Caller{name, p.Scope, from}, nil
		}
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return f.byToken(token, from)
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return Caller{}, ErrUnknown
	}
	if c, err := f.byToken(password, from); err == nil {
		return c, nil // a browser has no other way to send one
	}
	return g.byPassword(r.Context(), f, name, password, from)
}

func (f File) byToken(token, from string) (c Caller, err error) {
	sum := sha256.Sum256([]byte(token))
	text := []byte(hex.EncodeToString(sum[:]))
	err = ErrUnknown
	for _, t := range f.Tokens {
		if subtle.ConstantTimeCompare(text, []byte(strings.ToLower(t.SHA256))) == 1 {
			c, err = Caller{t.Name, t.Scope, from}, nil
		}
	}
	return c, err
}

// nobodys is what the password of a name that there is not is compared with, so that it takes as long.
var nobodys = sync.OnceValue(func() []byte {
	hash, err := bcrypt.GenerateFromPassword([]byte("nobody"), bcrypt.DefaultCost)
	if err != nil {
		panic(err) // the password is short enough
	}
	return hash
})

func (g *Guard) byPassword(ctx context.Context, f File, name, password, from string) (Caller, error) {
	user := User{}
	if i := slices.IndexFunc(f.Users, func(u User) bool { return u.Name == name }); i >= 0 {
		user = f.Users[i]
	}
	sum := sha256.Sum256([]byte(user.Bcrypt + "\n" + password))
	g.mu.Lock()
	at, right := g.good[sum]
	g.mu.Unlock()
	if right = right && user.Name != "" && time.Since(at) < rightFor; !right {
		select {
		case g.comparing <- struct{}{}:
		case <-ctx.Done():
			return Caller{}, ErrUnknown
		}
		hash := []byte(user.Bcrypt)
		if user.Name == "" {
			hash = nobodys()
		}
		right = bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && user.Name != ""
		<-g.comparing
	}
	if !right {
		return Caller{}, ErrUnknown
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.good) >= rightAtMost {
		g.good = map[[32]byte]time.Time{}
	}
	if _, there := g.good[sum]; !there || time.Since(at) >= rightFor {
		g.good[sum] = time.Now()
	}
	return Caller{user.Name, user.Scope, from}, nil
}

// peerOf is the address that a request came from.
func peerOf(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// loopbackName says whether a Host header is of the host itself. Another name leads a browser here by an address that
// somebody's DNS gave for it.
func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && a.IsLoopback()
}
