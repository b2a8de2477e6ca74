package etcd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// authenticator holds the token of a user. It asks for one when there is
// none, reading the password file each time, so that a token lost with a
// restart of etcd and a changed password heal by themselves. (clientv3 does
// this only with a password fixed for the life of the client, and blocks when
// it is made.)
type authenticator struct {
	user, passwordFile string
	authenticate       func(ctx context.Context, user, password string) (*clientv3.AuthenticateResponse, error)

	mu     sync.Mutex // guards what follows
	valid  bool
	token  string // empty although valid: etcd has authentication disabled
	asking *login // under way; nil: none
}

// login is one request for a token.
type login struct {
	done chan struct{}
	err  error // once done is closed
}

// loginTimeout is long because etcd spends a tenth of a second of processor
// time on each password, also on those whose askers gave up: after its
// restart, a fleet that asks anew every few seconds would never get in. An
// etcd that hangs ends the connection sooner, by gRPC's pings.
const loginTimeout = time.Minute

// ensure returns once there is a token to use, or the reason there is none. A
// login goes on when ctx ends; whoever asks next waits for it.
func (a *authenticator) ensure(ctx context.Context) error {
	a.mu.Lock()
	if a.user == "" || a.valid {
		a.mu.Unlock()
		return nil
	}
	asking := a.asking
	if asking == nil {
		asking = &login{done: make(chan struct{})}
		a.asking = asking
		go func() {
			token, err := a.ask()
			a.mu.Lock()
			defer a.mu.Unlock()
			a.valid, a.token, a.asking = err == nil, token, nil
			asking.err = err
			close(asking.done)
		}()
	}
	a.mu.Unlock()
	select {
	case <-asking.done:
		return asking.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *authenticator) ask() (token string, err error) {
	password, err := readPassword(a.passwordFile)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), loginTimeout)
	defer cancel()
	resp, err := a.authenticate(ctx, a.user, password)
	switch {
	case err == nil:
		return resp.Token, nil
	case errors.Is(err, rpctypes.ErrAuthNotEnabled):
		return "", nil
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return "", fmt.Errorf("etcd user %s, password_file %s: wrong user or password", a.user, a.passwordFile)
	}
	return "", err
}

// rejected drops the token when err comes from it.
func (a *authenticator) rejected(err error) {
	err = rpctypes.Error(err)
	for _, cause := range []error{rpctypes.ErrInvalidAuthToken, rpctypes.ErrUserEmpty, rpctypes.ErrAuthOldRevision} {
		if errors.Is(err, cause) {
			a.drop()
		}
	}
}

func (a *authenticator) drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.valid, a.token = false, ""
}

// GetRequestMetadata is part of credentials.PerRPCCredentials.
func (a *authenticator) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == "" {
		return nil, nil
	}
	return map[string]string{rpctypes.TokenFieldNameGRPC: a.token}, nil
}

// RequireTransportSecurity is part of credentials.PerRPCCredentials: etcd's
// authentication is allowed without TLS, as on a loopback connection.
func (a *authenticator) RequireTransportSecurity() bool { return false }

func readPassword(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("etcd password_file: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", fmt.Errorf("etcd password_file %s: empty", file)
	}
	return password, nil
}
