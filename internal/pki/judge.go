package pki

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Soon is how long before its end a certificate is warned of.
const Soon = 60 * day

// State is how a certificate stands. JSON has it so.
type State string

const (
	Valid     State = "valid"
	EndsSoon  State = "ends soon" // within Soon; valid until then
	Expired   State = "expired"
	NotYet    State = "not yet valid" // a clock is wrong, here or where it was signed
	Foreign   State = "foreign"       // none of the site's authorities signed it
	WrongName State = "wrong name"    // it is for something else than is wanted
)

// Verdict is what there is to say of a certificate.
type Verdict struct {
	State State
	Text  string    // for people
	Until time.Time // when it ends, or its authority if that is earlier
	Renew string    // why it is time for another one; "": it is not
}

// Good reports whether those who trust the authorities take the certificate now.
func (v Verdict) Good() bool { return v.State == Valid || v.State == EndsSoon }

// Judge says how cert stands at the time now: by the site's authorities, of
// which the first is the one that signs, and by what is wanted of it; a zero
// Wanted wants nothing. A certificate is due for renewal when half its life is
// over, when another authority signs by now, and when it is not good.
func Judge(cert *x509.Certificate, authorities []*x509.Certificate, w Wanted, now time.Time) Verdict {
	signer := slices.IndexFunc(authorities, func(a *x509.Certificate) bool { return cert.CheckSignatureFrom(a) == nil })
	v := Verdict{Until: cert.NotAfter}
	if signer >= 0 && authorities[signer].NotAfter.Before(v.Until) {
		v.Until = authorities[signer].NotAfter
	}
	half := cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 2)
	say := func(s State, format string, values ...any) Verdict {
		v.State, v.Text = s, fmt.Sprintf(format, values...)
		switch {
		case s != Valid:
			v.Renew = v.Text
		case signer > 0:
			v.Renew = "another authority signs by now"
		case !now.Before(half):
			v.Renew = "half its life is over"
		}
		return v
	}
	switch differs := w.differs(cert); {
	case signer < 0:
		return say(Foreign, "it is signed by %q, which is no authority of this site", cert.Issuer.CommonName)
	case now.Before(cert.NotBefore):
		return say(NotYet, "it begins on %s, and the clock here says %s", moment(cert.NotBefore), moment(now))
	case now.After(v.Until):
		return say(Expired, "it ended on %s, and the clock here says %s", moment(v.Until), moment(now))
	case differs != "":
		return say(WrongName, "%s", differs)
	case now.After(v.Until.Add(-Soon)):
		return say(EndsSoon, "it ends on %s", moment(v.Until))
	}
	return say(Valid, "it is valid until %s", moment(v.Until))
}

// differs says in what cert is another one than wanted; "" if it is that.
func (w Wanted) differs(cert *x509.Certificate) string {
	if w.Subject == "" {
		return ""
	}
	has, want := Names(cert), w.sortedNames()
	switch {
	case cert.Subject.CommonName != w.Subject:
		return fmt.Sprintf("its subject is %q, want %q", cert.Subject.CommonName, w.Subject)
	case !slices.Equal(has, want):
		return fmt.Sprintf("it is for %s, want %s", words(has), words(want))
	case !slices.Equal(cert.ExtKeyUsage, w.Profile.usages()):
		return fmt.Sprintf("it is not that of a %s", w.Profile)
	}
	return ""
}

// Names are the DNS names and addresses of a certificate, sorted.
func Names(cert *x509.Certificate) []string {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (w Wanted) sortedNames() []string {
	var names []string
	for _, name := range w.Names {
		if ip, err := netip.ParseAddr(name); err == nil {
			name = ip.Unmap().String()
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func words(names []string) string {
	if len(names) == 0 {
		return "no name"
	}
	return strings.Join(names, ", ")
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
