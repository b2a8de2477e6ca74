package hosts

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// scopes are those of addresses in if_inet6, in the words of setup.
var scopes = map[string]string{"00": "global", "10": "host", "20": "link", "40": "site", "80": "compat"}

// addresses6 reads /proc/net/if_inet6, and returns the addresses of each interface in their order.
// Left out is what will be another one by itself: addresses for privacy, those that end, and
// those that are not taken up yet as another machine may have them.
func addresses6(table string) map[string][]map[string]any {
	found := map[string][]map[string]any{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line) // address, index, length of the prefix, scope, flags, interface
		if len(fields) < 6 {
			continue
		}
		raw, err := hex.DecodeString(fields[0])
		bits, bitsErr := strconv.ParseUint(fields[2], 16, 8)
		flags, flagsErr := strconv.ParseUint(fields[4], 16, 32)
		a, ok := netip.AddrFromSlice(raw)
		if err != nil || bitsErr != nil || flagsErr != nil || !ok || flags&(unix.IFA_F_TEMPORARY|unix.IFA_F_DEPRECATED|unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 {
			continue
		}
		found[fields[5]] = append(found[fields[5]], map[string]any{"address": a.String(), "prefix": strconv.FormatUint(bits, 10), "scope": scopes[fields[3]]})
	}
	for _, all := range found {
		slices.SortFunc(all, func(a, b map[string]any) int { return strings.Compare(a["address"].(string), b["address"].(string)) })
	}
	return found
}
