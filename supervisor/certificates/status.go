package certificates

import (
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/pki"
	"rundock/supervisor/report"
)

// States besides those of package pki.
const (
	unreadable pki.State = "unreadable"
	keyless    pki.State = "without key"
)

// Row is one certificate, as JSON has it.
type Row struct {
	Name  string    `json:"name"`
	State pki.State `json:"state"`
	Until time.Time `json:"until,omitzero"`
	Text  string    `json:"text"`
}

// Good reports whether those who trust the site's authorities take the certificate now.
func (r Row) Good() bool { return r.State == pki.Valid || r.State == pki.EndsSoon }

// statusMain shows the certificates of the host.
func (h host) statusMain(args []string) int {
	set := flag.NewFlagSet("cert status", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	if len(names) > 0 {
		return report.BadUsage("cert status", fmt.Sprintf("unexpected argument %q", names[0]))
	}
	rows, err := h.rows()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd cert:", err)
		return report.ExitUnknown
	}
	switch code = ExitCode(rows); {
	case len(rows) == 0:
		fmt.Fprintf(os.Stderr, "rundockd cert: %s has no certificate\n", h.dir)
		return report.ExitNone
	case *asJSON:
		return report.PrintJSON(struct {
			Version      int   `json:"version"`
			Certificates []Row `json:"certificates"`
		}{report.Version, rows}, code)
	}
	fmt.Print(table(rows))
	return code
}

func table(rows []Row) string {
	cells := [][]string{{"CERTIFICATE", "STATE", "UNTIL", ""}}
	for _, r := range rows {
		until, text := "", ""
		if !r.Until.IsZero() {
			until = r.Until.UTC().Format("2006-01-02")
		}
		if r.State != pki.Valid {
			text = r.Text
		}
		cells = append(cells, []string{r.Name, report.Cell(string(r.State)), report.Cell(until), text})
	}
	return report.Table(cells)
}

// Status judges the certificates of this host, of which there may be none. What
// cannot be read at all is a row, too.
func Status(now time.Time) []Row {
	rows, err := host{dir: hostconfig.CertificatesDir, now: now}.rows()
	if err != nil {
		return []Row{{Name: "all", State: unreadable, Text: err.Error()}}
	}
	return rows
}

// ExitCode is that of reports: one that ends soon counts, as every run of site.yml
// would have renewed it long before.
func ExitCode(rows []Row) int {
	if slices.ContainsFunc(rows, func(r Row) bool { return r.State != pki.Valid }) {
		return report.ExitWrong
	}
	return report.ExitWell
}

// Remarks has a line for each certificate that is not well.
func Remarks(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		if r.State == pki.Valid {
			continue
		}
		fmt.Fprintf(&b, "certificate %s, %s: %s", r.Name, r.State, report.OneLine(r.Text))
		if r.Name != "ca" {
			b.WriteString("; site.yml makes another one")
		} else if r.State == pki.EndsSoon {
			b.WriteString("; playbooks/rotate-ca.yml makes another one")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// rows judges each certificate of the host: ca first, then by name.
func (h host) rows() ([]Row, error) {
	data, err := os.ReadFile(filepath.Join(h.dir, authorityCert))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(h.dir, "*.crt"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	slices.Sort(files)
	authorities, err := pki.ParseCertificates(data)
	var rows []Row
	if err != nil {
		rows = append(rows, Row{Name: "ca", State: unreadable, Text: authorityCert + ": " + err.Error()})
	}
	for _, a := range authorities {
		v := pki.Judge(a, []*x509.Certificate{a}, pki.Wanted{}, h.now)
		rows = append(rows, Row{Name: "ca", State: v.State, Until: v.Until, Text: v.Text})
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".crt"); name != "ca" {
			row, err := h.row(name, authorities)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (h host) row(name string, authorities []*x509.Certificate) (Row, error) {
	c, err := h.look(name)
	denied := errors.Is(err, fs.ErrPermission) // of the key: who is not root sees when it ends, nevertheless
	if err != nil && !denied {
		return Row{Name: name, State: unreadable, Text: err.Error()}, nil
	}
	if denied {
		if c, err = h.lookCertificate(c, name); err != nil {
			return Row{}, err
		}
	}
	if c.cert == nil {
		return Row{Name: name, State: unreadable, Text: c.unread}, nil
	}
	v := pki.Judge(c.cert, authorities, pki.Wanted{}, h.now)
	row := Row{Name: name, State: v.State, Until: v.Until, Text: v.Text}
	if v.Good() && !denied && (c.key == nil || !pki.Fits(c.cert, c.key)) {
		row.State, row.Text = keyless, "its key is missing, or of another certificate"
	}
	return row, nil
}

const usage = `usage: rundockd cert status [--json]   the certificates of this host, and when they end
       rundockd cert verify FOLDER      whether ca.crt and ca.key in it are an authority
       rundockd cert ctl                a JSON request on stdin: modules call this

Exit codes of status: 0: all are valid; 2: bad usage; 3: one is not, or ends within
60 days; 4: the host has none. Of verify: 0: they are; 1: they are not; 2: bad usage.
`
