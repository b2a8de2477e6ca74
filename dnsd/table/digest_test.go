package table

import (
	"fmt"
	"strings"
	"testing"
)

// A digest of a length that its algorithm does not make is served to nobody.
func TestADigestIsAsLongAsItsAlgorithmMakesIt(t *testing.T) {
	for _, c := range []struct {
		rrtype, before string // the algorithm is the last of before
		right          int    // bytes; 0: any length
	}{
		{"DS", "12345 8 1", 20}, {"DS", "12345 8 2", 32}, {"DS", "12345 8 3", 32}, {"DS", "12345 13 4", 48},
		{"DS", "12345 8 5", 32}, {"DS", "12345 8 6", 32}, {"DS", "12345 8 200", 0},
		{"CDS", "12345 13 2", 32}, {"CDS", "0 0 0", 0}, {"DLV", "12345 8 2", 32}, {"TA", "12345 8 2", 32},
		{"SSHFP", "4 1", 20}, {"SSHFP", "4 2", 32}, {"SSHFP", "4 9", 0},
		{"TLSA", "3 1 0", 0}, {"TLSA", "3 1 1", 32}, {"TLSA", "3 1 2", 64},
		{"SMIMEA", "3 1 1", 32}, {"SMIMEA", "3 1 2", 64},
		{"ZONEMD", "2018 1 1", 48}, {"ZONEMD", "2018 1 2", 64}, {"ZONEMD", "2018 1 240", 0},
	} {
		for _, length := range []int{1, 19, 20, 31, 32, 33, 48, 64} {
			value := fmt.Sprintf(`{"type":"%s","rdata":"%s %s"}`, c.rrtype, c.before, strings.Repeat("ab", length))
			bad := New("/skydns").Update(1, pairs("/skydns/com/example/a "+value))
			if right := c.right == 0 || length == c.right; right != (len(bad) == 0) {
				t.Errorf("%s with %d bytes: bad = %v, want it read: %v", value, length, bad, right)
			} else if !right && !strings.Contains(bad[0].Reason, fmt.Sprintf("has %d bytes, want %d", length, c.right)) {
				t.Errorf("%s: %s", value, bad[0].Reason)
			}
		}
	}
	for value, want := range map[string]int{
		`{"type":"TYPE43","rdata":"\\# 24 3039 08 02 ` + strings.Repeat("ab", 20) + `"}`: 1,
		`{"type":"DS","rdata":"\\# 24 3039 08 02 ` + strings.Repeat("ab", 20) + `"}`:     1,
		`{"type":"TYPE43","rdata":"\\# 36 3039 08 02 ` + strings.Repeat("ab", 32) + `"}`: 0,
		`{"type":"DS","rdata":"12345 8 2 ` + strings.Repeat("ab ", 31) + `ab"}`:          0,
		`{"type":"DS","rdata":"12345 8 2"}`:                                              1,
		`{"type":"TLSA","rdata":"3 1 1 ` + strings.Repeat("ab", 31) + `a"}`:              1,
		`{"type":"TYPE44","rdata":"\\# 3 04 02 ab"}`:                                     1,
	} {
		if bad := New("/skydns").Update(1, pairs("/skydns/com/example/a "+value)); len(bad) != want {
			t.Errorf("%s: bad = %v, want %d", value, bad, want)
		}
	}
}
