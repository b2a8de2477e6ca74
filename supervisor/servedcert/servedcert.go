// Package servedcert is the certificate of a server, which is read again when its file
// is another one.
package servedcert

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"rundock/internal/complaint"
)

// Served is a certificate with its key. Where that which is there cannot be used, the
// last good one stays.
type Served struct {
	cert, key string // PEM files
	log       *slog.Logger

	mu   sync.Mutex
	seen time.Time // when the file was changed that was looked at last
	good *tls.Certificate
	said complaint.Memory
}

// New returns that of two PEM files, which it does not read yet.
func New(cert, key string, log *slog.Logger) *Served { return &Served{cert: cert, key: key, log: log} }

// Get is for tls.Config's GetCertificate. An error: there is none, and there was none.
func (r *Served) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.cert)
	if err == nil && r.good != nil && info.ModTime().Equal(r.seen) {
		return r.good, nil
	}
	var read tls.Certificate
	if err == nil {
		read, err = tls.LoadX509KeyPair(r.cert, r.key)
	}
	switch {
	case err == nil:
		if r.good != nil {
			r.log.Info("the certificate is another one", "file", r.cert)
		}
		r.good, r.seen = &read, info.ModTime()
	case r.good == nil:
		return nil, fmt.Errorf("the certificate: %w", err)
	case r.said.News(time.Now(), err.Error()):
		r.log.Warn("the certificate of before is served, as the one that is there cannot be used", "err", err)
	}
	return r.good, nil
}
