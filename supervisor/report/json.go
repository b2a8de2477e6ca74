package report

import (
	"encoding/json"
	"fmt"
	"os"
)

// Version is that of the JSON documents. Their fields may get company; they are
// neither renamed nor given another meaning.
const Version = 1

// PrintJSON prints a document, and returns code unless it cannot be printed.
func PrintJSON(v any, code int) int {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "rundockd:", err)
		return ExitUnknown
	}
	return code
}
