package answer

// maxRecords bounds the records of an answer; about what fits into the largest
// message.
const maxRecords = 1000

// maxLooked bounds the names that are looked at for what is below one.
const maxLooked = 8 * maxRecords

// maxPointers bounds the names a reverse lookup lists.
const maxPointers = 16

// maxReached bounds the names that are looked up for the additional section.
const maxReached = 64

// MaxText leaves a message room for the rest; longer texts are left out.
const MaxText = 60_000

// maxChain bounds the CNAMEs that are followed.
const maxChain = 8
