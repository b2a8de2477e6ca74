package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// makeKey makes the key pair that opens every host, if there is none.
func (l *Lab) makeKey() error {
	key := filepath.Join(l.state(), "id_ed25519")
	if exists(key + ".pub") {
		return nil
	}
	dir := filepath.Join(l.state(), "key.new")
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("make the lab's key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the lab's key: %w", err)
	}
	if _, err := run("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab "+l.ID, "-f", filepath.Join(dir, "id_ed25519")); err != nil {
		return fmt.Errorf("make the lab's key: %w", err)
	}
	for _, suffix := range []string{"", ".pub"} {
		if err := os.Rename(filepath.Join(dir, "id_ed25519"+suffix), key+suffix); err != nil {
			return fmt.Errorf("make the lab's key: %w", err)
		}
	}
	return os.Remove(dir)
}

// writeFiles writes inventory, known_hosts and key for hosts and reports
// whether any was another before.
func (l *Lab) writeFiles(hosts []Host) (bool, error) {
	var known strings.Builder
	for _, h := range hosts {
		key, err := os.ReadFile(filepath.Join(l.disk(h.Name), "upper/etc/ssh/ssh_host_ed25519_key.pub"))
		if err != nil {
			return false, fmt.Errorf("read the host key of %s: %w", h.Name, err)
		}
		names := h.Name + "," + h.Private.String()
		if h.Front {
			names += "," + h.Public.String()
		}
		fmt.Fprintf(&known, "%s %s\n", names, strings.TrimSpace(string(key)))
	}
	key, err := os.ReadFile(filepath.Join(l.state(), "id_ed25519"))
	if err != nil {
		return false, fmt.Errorf("read the lab's key: %w", err)
	}
	public, err := os.ReadFile(filepath.Join(l.state(), "id_ed25519.pub"))
	if err != nil {
		return false, fmt.Errorf("read the lab's key: %w", err)
	}
	if err := os.MkdirAll(l.Dir, 0o755); err != nil {
		return false, fmt.Errorf("write for the lab: %w", err)
	}
	changed := false
	for _, f := range []struct {
		name, text string
		mode       fs.FileMode
	}{
		{"id_ed25519", string(key), 0o600},
		{"id_ed25519.pub", string(public), 0o644},
		{"known_hosts", known.String(), 0o644},
		{"inventory", inventory(l.Dir, l.Plain, hosts), 0o644},
	} {
		path := filepath.Join(l.Dir, f.name)
		if old, err := os.ReadFile(path); err == nil && string(old) == f.text {
			continue
		}
		changed = true
		if err := os.WriteFile(path+".new", []byte(f.text), f.mode); err != nil {
			return changed, fmt.Errorf("write for the lab: %w", err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return changed, fmt.Errorf("write for the lab: %w", err)
		}
	}
	return changed, nil
}

// SSH returns the command line that opens an ssh session on the host, as
// Ansible does, followed by argv.
func (l *Lab) SSH(name string, argv ...string) ([]string, error) {
	h, err := l.host(name)
	if err != nil {
		return nil, err
	}
	line := append([]string{"ssh"}, sshOptions(l.Dir)...)
	line = append(line, "-i", filepath.Join(l.Dir, "id_ed25519"), "root@"+h.Private.String())
	return append(line, argv...), nil
}
