package answer

import "rundock/dnsd/packed"

// maxRecords bounds the records of an answer; about what fits into the largest
// message.
const maxRecords = 1000

// mostUDP bounds the records that an answer over UDP is made of where there are very many: one
// more than can fit, so that the client is told to ask over TCP.
func (s *Server) mostUDP() int {
	if s.MaxUDP == 0 {
		return maxRecords
	}
	return min(maxRecords, s.MaxUDP/packed.LeastRecord+1)
}

// maxLooked bounds the names that are looked at for what is below one.
const maxLooked = 8 * maxRecords

// maxNear bounds the names that are looked at for the group of a name with more
// below it than maxLooked.
const maxNear = maxRecords

// maxPointers bounds the names a reverse lookup lists.
const maxPointers = 16

// maxReached bounds the names that are looked up for the additional section.
const maxReached = 64

// MaxText leaves a message room for the rest; longer texts are left out.
const MaxText = 60_000

// MaxChain bounds the CNAMEs that are followed.
const MaxChain = 8
