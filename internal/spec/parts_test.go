package spec

import (
	"encoding/csv"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Docker reads such values with encoding/csv; what is written here for a
// person to run has to mean the same there.
func TestPairs_are_CSV_as_docker_reads_it(t *testing.T) {
	const seed = 4
	random := rand.New(rand.NewPCG(seed, seed))
	text := func() string {
		alphabet := []rune(`ab=," ü`)
		out := make([]rune, random.IntN(6))
		for i := range out {
			out[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(out)
	}
	for range 5000 {
		var pairs []Pair
		var fields []string
		for range 1 + random.IntN(3) {
			p := Pair{"k", text()}
			pairs, fields = append(pairs, p), append(fields, p.Key+"="+p.Value)
		}
		written := writePairs(pairs)
		got, err := csv.NewReader(strings.NewReader(written)).Read()
		if err != nil || !slices.Equal(got, fields) {
			t.Fatalf("encoding/csv reads %s as %q, %v; want %q", written, got, err, fields)
		}
		again, err := readPairs(written)
		if err != nil || !reflect.DeepEqual(again, pairs) {
			t.Fatalf("readPairs(%s) = %q, %v; want %q", written, again, err, pairs)
		}
	}
}

func TestReadPairs_refuses_quotes_that_do_not_match(t *testing.T) {
	for _, s := range []string{`"a`, `"a"b`, `a=b,"c`, `"a""`} {
		if got, err := readPairs(s); err == nil {
			t.Errorf("readPairs(%s) = %q, want an error", s, got)
		}
	}
}
