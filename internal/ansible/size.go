package ansible

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// toSize turns 10M, 1.5 GB or a plain number into bytes (unit B) or bits
// (unit b). Prefixes are powers of 1024.
func toSize(v any, unit byte) (any, error) {
	word := map[byte]string{'B': "byte", 'b': "bit"}[unit]
	fail := fmt.Errorf("%s cannot be converted to a %s value", pythonType(v), strings.ToUpper(word[:1])+word[1:])
	text := strings.TrimSpace(pythonText(v))
	i := 0
	for i < len(text) && strings.IndexByte("0123456789.", text[i]) >= 0 {
		i++
	}
	n, err := strconv.ParseFloat(text[:i], 64)
	if err != nil {
		return nil, fail
	}
	if suffix := strings.TrimSpace(text[i:]); suffix != "" {
		power := strings.Index("BKMGTPEZY", strings.ToUpper(suffix[:1]))
		if power < 0 || strings.Trim(strings.ToLower(suffix), "abcdefghijklmnopqrstuvwxyz") != "" {
			return nil, fail
		}
		if len(suffix) > 1 && suffix[1] != unit && !strings.Contains(strings.ToLower(suffix), word) {
			return nil, fail
		}
		n *= math.Pow(1024, float64(power))
	}
	if n = math.RoundToEven(n); n > math.MaxInt64/2 {
		return nil, fail
	}
	return int(n), nil
}
