package report

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table aligns the columns of rows, of which there is at least one. Nothing is
// cut; a row's last cell is not padded.
func Table(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// Cell is s as one word, so that columns can be told apart by spaces; "-" for "".
func Cell(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(s, " ", "_")
}

// NumberCell is n; "-" for 0.
func NumberCell(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func YesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// OneLine makes one line of s, whatever somebody's output held.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
