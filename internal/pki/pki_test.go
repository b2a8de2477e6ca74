package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func authority(t *testing.T, now time.Time) Authority {
	t.Helper()
	a, err := NewAuthority("rundock s.example.com", now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func pair(t *testing.T, a Authority, w Wanted, now time.Time) (cert *x509.Certificate, certPEM, keyPEM []byte) {
	t.Helper()
	keyPEM, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	request, err := NewRequest(key, "whatever")
	if err != nil {
		t.Fatal(err)
	}
	certPEM, err = a.Sign(request, w, now)
	if err != nil {
		t.Fatal(err)
	}
	all, err := ParseCertificates(certPEM)
	if err != nil {
		t.Fatal(err)
	}
	if !Fits(all[0], key) {
		t.Error("the certificate is not of the key that asked for it")
	}
	return all[0], certPEM, keyPEM
}

var (
	member = Wanted{Subject: "etcd:node-1", Profile: Peer, Names: []string{"node-1", "10.0.0.1", "127.0.0.1"}}
	client = Wanted{Subject: "host:node-1", Profile: Client}
)

func TestJudge(t *testing.T) {
	first := authority(t, start)
	second, other := authority(t, start.Add(day)), authority(t, start)
	short := authority(t, start.Add(-authorityLife+90*day)) // ends 90 days after start
	both := []*x509.Certificate{second.Cert, first.Cert}
	only := both[1:]
	has, _, _ := pair(t, first, member, start)
	brief, _, _ := pair(t, short, member, start)
	reordered := Wanted{Subject: member.Subject, Profile: Peer, Names: []string{"127.0.0.1", "::ffff:10.0.0.1", "node-1", "node-1"}}
	for _, c := range []struct {
		claim       string
		cert        *x509.Certificate
		authorities []*x509.Certificate
		want        Wanted
		now         time.Time
		state       State
		renew       bool
		text        string
	}{
		{"a new one is good", has, only, member, start, Valid, false, "it is valid until 2027-03-01 12:00 UTC"},
		{"names in another order are the same", has, only, reordered, start, Valid, false, ""},
		{"also where nothing is wanted", has, only, Wanted{}, start, Valid, false, ""},
		{"a clock may be minutes behind", has, only, member, start.Add(-9 * time.Minute), Valid, false, ""},
		{"and not a day", has, only, member, start.Add(-day), NotYet, true, "it begins on 2026-03-01 11:50 UTC, and the clock here says 2026-02-28 12:00 UTC"},
		{"half its life is not over", has, only, member, start.Add(182 * day), Valid, false, ""},
		{"half its life is over", has, only, member, start.Add(183 * day), Valid, true, ""},
		{"61 days before the end nothing is warned of", has, only, member, start.Add(Life - 61*day), Valid, true, ""},
		{"59 days before it is", has, only, member, start.Add(Life - 59*day), EndsSoon, true, "it ends on 2027-03-01 12:00 UTC"},
		{"at its end it is good", has, only, member, start.Add(Life), EndsSoon, true, ""},
		{"and then no more", has, only, member, start.Add(Life + time.Second), Expired, true, "it ended on 2027-03-01 12:00 UTC, and the clock here says 2027-03-01 12:00 UTC"},
		{"one of another site", has, []*x509.Certificate{other.Cert}, member, start, Foreign, true, `it is signed by "rundock s.example.com", which is no authority of this site`},
		{"one without any authority", has, nil, member, start, Foreign, true, ""},
		{"that it is foreign is said before that it is over", has, []*x509.Certificate{other.Cert}, member, start.Add(2 * Life), Foreign, true, ""},
		{"one of the authority before is good, and renewed", has, both, member, start, Valid, true, ""},
		{"another subject", has, only, Wanted{Subject: "etcd:node-2", Profile: Peer, Names: member.Names}, start, WrongName, true, `its subject is "etcd:node-1", want "etcd:node-2"`},
		{"another address", has, only, Wanted{Subject: member.Subject, Profile: Peer, Names: []string{"node-1", "10.0.0.2"}}, start, WrongName, true, "it is for 10.0.0.1, 127.0.0.1, node-1, want 10.0.0.2, node-1"},
		{"another profile", has, only, Wanted{Subject: member.Subject, Profile: Server, Names: member.Names}, start, WrongName, true, "it is not that of a server"},
		{"none outlives its authority", brief, []*x509.Certificate{short.Cert}, member, start.Add(89 * day), EndsSoon, true, "it ends on 2026-05-30 12:00 UTC"},
	} {
		v := Judge(c.cert, c.authorities, c.want, c.now)
		if v.State != c.state || (v.Renew != "") != c.renew || !strings.Contains(v.Text, c.text) {
			t.Errorf("%s: %q, renew %q: %s; want %q, %v: %s", c.claim, v.State, v.Renew, v.Text, c.state, c.renew, c.text)
		}
	}
}

func TestWanted_refuses_what_no_certificate_can_say(t *testing.T) {
	for _, c := range []struct {
		w    Wanted
		want string
	}{
		{member, ""}, {client, ""},
		{Wanted{Profile: Client}, `subject ""`},
		{Wanted{Subject: strings.Repeat("x", 65), Profile: Client}, "want 1 to 64 bytes"},
		{Wanted{Subject: "x", Profile: "root"}, `profile "root": want one of ["client" "server" "peer"]`},
		{Wanted{Subject: "x", Profile: Client, Names: []string{"a"}}, "a client has none"},
		{Wanted{Subject: "x", Profile: Server}, "a server has at least one"},
		{Wanted{Subject: "x", Profile: Server, Names: []string{"a b"}}, `"a b" is neither a DNS name nor an IP address`},
		{Wanted{Subject: "x", Profile: Server, Names: []string{""}}, `"" is neither`},
	} {
		if err := c.w.Check(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.w, err, c.want)
		}
	}
}

// What a sender may not ask for is refused, and nothing of what it says is taken.
func TestSign(t *testing.T) {
	a := authority(t, start)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request := func(key any, names ...string) []byte {
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: names}, key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: typeRequest, Bytes: der})
	}
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	good := request(key, "etcd.example.com")
	block, _ := pem.Decode(good)
	block.Bytes[len(block.Bytes)-1] ^= 1
	for _, c := range []struct {
		claim   string
		request []byte
		now     time.Time
		want    string
	}{
		{"no request", []byte("x"), start, "no PEM certificate request in it"},
		{"a certificate", Bundle(a.Cert), start, "no PEM certificate request in it"},
		{"one that another key has signed", pem.EncodeToMemory(block), start, "request: x509: "},
		{"RSA", request(rsaKey), start, "its key is not ECDSA P-256"},
		{"another curve", request(large), start, "its key is not ECDSA P-256"},
		{"after the authority's end", good, start.Add(authorityLife), "the authority ended on 2036-02-27"},
	} {
		if _, err := a.Sign(c.request, client, c.now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.claim, err, c.want)
		}
	}
	signed, err := a.Sign(good, client, start)
	if err != nil {
		t.Fatal(err)
	}
	certs, err := ParseCertificates(signed)
	if err != nil || len(certs[0].DNSNames) > 0 || certs[0].Subject.CommonName != client.Subject || certs[0].IsCA {
		t.Errorf("the sender's names are in the certificate: %v, %v", certs[0].DNSNames, err)
	}
	again, err := a.Sign(good, client, start)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := ParseCertificates(again); err != nil || second[0].SerialNumber.Cmp(certs[0].SerialNumber) == 0 || certs[0].SerialNumber.BitLen() < 100 {
		t.Errorf("serial numbers are not random: %v, %v", certs[0].SerialNumber, err)
	}
}

func TestReadAuthority(t *testing.T) {
	a, b := authority(t, start), authority(t, start)
	key, err := EncodeKey(a.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, bundle := range [][]byte{Bundle(a.Cert, b.Cert), Bundle(b.Cert, a.Cert)} {
		if got, others, err := ReadAuthority(bundle, key); err != nil || !got.Cert.Equal(a.Cert) || len(others) != 1 || !others[0].Equal(b.Cert) {
			t.Errorf("the one of the key does not sign: %v", err)
		}
	}
	for _, c := range []struct {
		cert, key []byte
		want      string
	}{
		{Bundle(b.Cert), key, "do not belong together"},
		{nil, key, "no PEM certificate"},
		{Bundle(a.Cert), Bundle(a.Cert), "no PEM private key"},
		{Bundle(a.Cert), []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "private key: "},
		{[]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key, "certificate 1: "},
	} {
		if _, _, err := ReadAuthority(c.cert, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error = %v, want %q", err, c.want)
		}
	}
}

// What Go's own TLS says to the certificates, each way.
func TestTLS_takes_the_certificates_of_their_profiles_alone(t *testing.T) {
	a := authority(t, time.Now())
	pool := x509.NewCertPool()
	pool.AddCert(a.Cert)
	load := func(w Wanted) tls.Certificate {
		_, cert, key := pair(t, a, w, time.Now())
		both, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return both
	}
	server := Wanted{Subject: "registry", Profile: Server, Names: []string{"registry.example.com"}}
	for _, c := range []struct {
		claim          string
		server, client Wanted
		name           string
		fails          bool
	}{
		{"a member and a client", member, client, "10.0.0.1", false},
		{"two members", member, member, "node-1", false},
		{"a server under another name", member, client, "node-2", true},
		{"a client as the server", client, client, "", true},
		{"a server as the client", member, server, "node-1", true},
	} {
		here, there := net.Pipe()
		name := c.name
		if name == "" {
			name = "host"
		}
		serving := tls.Server(here, &tls.Config{Certificates: []tls.Certificate{load(c.server)}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
		calling := tls.Client(there, &tls.Config{Certificates: []tls.Certificate{load(c.client)}, RootCAs: pool, ServerName: name})
		served := make(chan error, 1)
		go func() {
			err := serving.Handshake()
			here.Close()
			served <- err
		}()
		err := calling.Handshake()
		there.Close()
		if failed := err != nil || <-served != nil; failed != c.fails {
			t.Errorf("%s: client %v, fails %v, want %v", c.claim, err, failed, c.fails)
		}
	}
}
