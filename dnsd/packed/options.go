package packed

import "encoding/binary"

const (
	optNSID   = 3
	optSubnet = 8
	optCookie = 10
)

// Options are the bytes of an OPT record's options.
type Options []byte

// WellFormed says whether the options fill their bytes, and a client's subnet
// among them is one that a question may have (RFC 7871 section 6).
func (o Options) WellFormed() bool {
	ok := true
	whole := o.each(func(code int, data []byte) {
		ok = ok && (code != optSubnet || isSubnet(data))
	})
	return ok && whole
}

// owed says whether a reply has to have an option for one of these.
func (o Options) owed() (owed bool) {
	o.each(func(code int, _ []byte) { owed = owed || code == optNSID || code == optCookie })
	return owed
}

// each visits the options, and says whether they end where their bytes do.
func (o Options) each(visit func(code int, data []byte)) (whole bool) {
	for len(o) >= 4 {
		end := 4 + int(binary.BigEndian.Uint16(o[2:]))
		if end > len(o) {
			return false
		}
		visit(int(binary.BigEndian.Uint16(o)), o[4:end])
		o = o[end:]
	}
	return len(o) == 0
}

// isSubnet says whether a subnet has a length that its family has, no scope, as
// many bytes as that takes, and no bits after it.
func isSubnet(data []byte) bool {
	if len(data) < 4 || data[3] != 0 {
		return false
	}
	bits, address := int(data[2]), data[4:]
	var limit int
	switch family := binary.BigEndian.Uint16(data); family {
	case 0: // as dig writes the whole Internet
	case 1:
		limit = 32
	case 2:
		limit = 128
	default:
		return false
	}
	if bits > limit || len(address) != (bits+7)/8 {
		return false
	}
	return bits%8 == 0 || address[len(address)-1]<<(bits%8) == 0
}
