// Package nearest finds what a misspelt word was probably meant to be.
package nearest

import "strings"

// Of returns the word of words that is nearest to word, whatever its case, or
// "" where none is near: where more letters differ than a misspelling has. Of
// several it is the first.
//
//	Of("anounce", []string{"port", "announce"}) == "announce"
func Of(word string, words []string) string {
	most := min(1+len(word)/4, 3)
	near := ""
	for _, w := range words {
		if d := Distance(strings.ToLower(word), strings.ToLower(w)); d <= most {
			most, near = d-1, w
		}
	}
	return near
}

// Distance is how many letters must be added, removed or replaced to turn a
// into b (Levenshtein).
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
