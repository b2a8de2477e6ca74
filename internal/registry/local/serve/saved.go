package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"rundock/internal/fstree"
)

// savedVersion is the format of the file that this release reads and writes.
const savedVersion = 1

// saved is the file. Holders of a lease that is retired are not in it: the lease
// takes their keys away.
type saved struct {
	Version int           `json:"version"`
	Leases  []savedLease  `json:"leases"`
	Holders []savedHolder `json:"holders"`
}

type savedLease struct {
	TTL string `json:"ttl"`
	ID  string `json:"id"` // the store's
}

type savedHolder struct {
	ID   string            `json:"id"`
	TTL  string            `json:"ttl"`
	Keys map[string]string `json:"keys"` // key -> id of the record
}

// save writes the file. That it cannot be written must stop nothing: it costs a
// gap only if we are killed, too.
func (s *Server) save() {
	s.saving.Lock()
	defer s.saving.Unlock()
	all := saved{Version: savedVersion, Leases: []savedLease{}, Holders: []savedHolder{}}
	s.mu.Lock()
	for _, l := range s.leases {
		if l.id != "" {
			all.Leases = append(all.Leases, savedLease{l.ttl.String(), l.id})
		}
	}
	for _, h := range s.holders {
		if s.leases[h.lease.ttl] == h.lease {
			all.Holders = append(all.Holders, savedHolder{h.id, h.lease.ttl.String(), h.keys})
		}
	}
	data, err := json.MarshalIndent(all, "", "  ")
	s.mu.Unlock()
	if err == nil {
		err = fstree.Replace(s.file, 0o600, data)
	}
	if err != nil {
		s.log.Warn("what is held is not saved", "err", err)
	}
}

// load reads the file: each holder has a lease time from now to be heard of.
func (s *Server) load() error {
	data, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var all saved
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	if all.Version != savedVersion {
		return fmt.Errorf("%s: version %d, want %d", s.file, all.Version, savedVersion)
	}
	leases, holders := map[time.Duration]*lease{}, map[string]*holder{}
	at := func(ttl string) (*lease, error) {
		d, err := time.ParseDuration(ttl)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
		if leases[d] == nil {
			leases[d] = newLease(d)
		}
		return leases[d], nil
	}
	for _, l := range all.Leases {
		lease, err := at(l.TTL)
		if err != nil {
			return err
		}
		lease.id = l.ID
	}
	for _, h := range all.Holders {
		lease, err := at(h.TTL)
		if err != nil {
			return err
		}
		holder := newHolder(h.ID, lease)
		for key, id := range h.Keys {
			holder.keys[key] = id
		}
		holders[h.ID] = holder
	}
	s.leases, s.holders = leases, holders
	return nil
}
