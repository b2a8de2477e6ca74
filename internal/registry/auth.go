package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

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
	login              func(ctx context.Context, user, password string) (*clientv3.AuthenticateResponse, error)

	asking sync.Mutex // held while a token is asked for, so that one asks and all get it
	mu     sync.Mutex // guards what follows
	valid  bool
	token  string // empty although valid: etcd has authentication disabled
}

// ensure returns once there is a token to use, or the reason there is none.
func (a *authenticator) ensure(ctx context.Context) error {
	if a.user == "" || a.isValid() {
		return nil
	}
	a.asking.Lock()
	defer a.asking.Unlock()
	if a.isValid() {
		return nil
	}
	password, err := readPassword(a.passwordFile)
	if err != nil {
		return err
	}
	resp, err := a.login(ctx, a.user, password)
	switch {
	case err == nil:
		a.set(true, resp.Token)
	case errors.Is(err, rpctypes.ErrAuthNotEnabled):
		a.set(true, "")
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return fmt.Errorf("etcd user %s, password_file %s: wrong user or password", a.user, a.passwordFile)
	default:
		return err
	}
	return nil
}

// rejected drops the token when err may come from it. A server of version 3.4
// says "permission denied" to a watch with a token it does not know.
func (a *authenticator) rejected(err error) {
	err = rpctypes.Error(err)
	for _, cause := range []error{rpctypes.ErrInvalidAuthToken, rpctypes.ErrUserEmpty, rpctypes.ErrAuthOldRevision, rpctypes.ErrPermissionDenied} {
		if errors.Is(err, cause) {
			a.set(false, "")
		}
	}
}

func (a *authenticator) isValid() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.valid
}

func (a *authenticator) set(valid bool, token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.valid, a.token = valid, token
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
