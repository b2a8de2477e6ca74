package haproxy

import (
	"crypto/sha1"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

// CertificateFiles are those of all frontends.
func (s Settings) CertificateFiles() (all []string) {
	seen := map[string]bool{}
	for _, f := range s.Frontends {
		for _, c := range f.Certificates {
			if !seen[c] {
				all, seen[c] = append(all, c), true
			}
		}
	}
	return all
}

// RenewCertificate has HAProxy use the certificate and key that a file of its
// configuration has now, without a reload, and reports whether it used others. One
// that HAProxy refuses leaves it with what it has.
func (s Socket) RenewCertificate(path string) (renewed bool, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	print, err := fingerprint(data)
	if err != nil {
		return false, fmt.Errorf("certificate %s: %w", path, err)
	}
	now, err := s.Ask("show ssl cert " + path)
	if err != nil {
		return false, err
	}
	if strings.Contains(now, "SHA1 FingerPrint: "+print) {
		return false, nil
	}
	if !strings.Contains(now, "Filename: "+path) {
		return false, fmt.Errorf("haproxy: show ssl cert %s: %s", path, firstLine(now))
	}
	// A payload ends with an empty line, so it has none.
	var text strings.Builder
	for line := range strings.Lines(string(data)) {
		if strings.TrimSpace(line) != "" {
			text.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	for _, c := range []struct{ command, success string }{
		{"set ssl cert " + path + " <<\n" + text.String(), "Transaction"},
		{"commit ssl cert " + path, "Success"},
	} {
		answer, err := s.Ask(c.command)
		if err == nil && !strings.Contains(answer, c.success) {
			err = fmt.Errorf("haproxy: %s: %s", firstLine(c.command), strings.Join(strings.Fields(answer), " "))
		}
		if err != nil {
			s.Ask("abort ssl cert " + path)
			return false, err
		}
	}
	return true, nil
}

// fingerprint is that of the first certificate of a file, as HAProxy shows it.
func fingerprint(data []byte) (string, error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return "", fmt.Errorf("it has no certificate")
		}
		if block.Type == "CERTIFICATE" {
			return fmt.Sprintf("%X", sha1.Sum(block.Bytes)), nil
		}
		data = rest
	}
}
