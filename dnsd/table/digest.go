package table

import (
	"fmt"

	"github.com/miekg/dns"
)

// checkDigest refuses a digest that is not as long as its algorithm makes it:
// no validator can compare one. Digests of algorithms that are not known here
// may be of any length.
//
// Source: the IANA registries of DS (RFC 4034, 4509, 5933, 6605, 9563, 9558), SSHFP
// (RFC 4255, 6594), TLSA (RFC 6698) and ZONEMD (RFC 8976).
func checkDigest(rr dns.RR) error {
	var digest string // hexadecimal
	var algorithm uint8
	var lengths map[uint8]int
	switch rr := rr.(type) {
	case *dns.DS:
		digest, algorithm, lengths = rr.Digest, rr.DigestType, dsLengths
	case *dns.CDS:
		digest, algorithm, lengths = rr.Digest, rr.DigestType, dsLengths
	case *dns.DLV:
		digest, algorithm, lengths = rr.Digest, rr.DigestType, dsLengths
	case *dns.TA:
		digest, algorithm, lengths = rr.Digest, rr.DigestType, dsLengths
	case *dns.SSHFP:
		digest, algorithm, lengths = rr.FingerPrint, rr.Type, map[uint8]int{1: 20, 2: 32}
	case *dns.TLSA:
		digest, algorithm, lengths = rr.Certificate, rr.MatchingType, tlsaLengths
	case *dns.SMIMEA:
		digest, algorithm, lengths = rr.Certificate, rr.MatchingType, tlsaLengths
	case *dns.ZONEMD:
		digest, algorithm, lengths = rr.Digest, rr.Hash, map[uint8]int{1: 48, 2: 64}
	}
	have := len(digest) / 2
	if want, known := lengths[algorithm]; known && have != want {
		return fmt.Errorf("its digest of algorithm %d has %d bytes, want %d", algorithm, have, want)
	}
	return nil
}

var (
	dsLengths   = map[uint8]int{1: 20, 2: 32, 3: 32, 4: 48, 5: 32, 6: 32}
	tlsaLengths = map[uint8]int{1: 32, 2: 64}
)
