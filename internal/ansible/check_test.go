package ansible

import (
	"strings"
	"testing"
)

func TestCheckNamesWhatContradictsItself(t *testing.T) {
	text := []string{"Something."}
	good := Param{Name: "good", Description: text}
	for _, c := range []struct {
		name  string
		param Param
		rules Rules
		want  string // the error's lines; "" for none
	}{
		{"a sound one", Param{Name: "p", Type: List, Elements: Dict, Description: text, Options: []Param{good}, Rules: Rules{RequiredOneOf: [][]string{{"good"}}}},
			Rules{RequiredBy: []RequiredBy{{"p", []string{"good"}}}}, ""},
		{"a default of a list", Param{Name: "p", Type: List, Elements: Str, Choices: []string{"a", "b"}, Default: []string{"a"}, Description: text}, Rules{}, ""},
		{"a type that Ansible does not have", Param{Name: "p", Type: "integer", Description: text}, Rules{}, "parameter p: its Type is unknown"},
		{"no description", Param{Name: "p"}, Rules{}, "parameter p: it has no Description"},
		{"required with a default", Param{Name: "p", Required: true, Default: "x", Description: text}, Rules{}, "parameter p: it is Required and has a Default"},
		{"a name taken by an alias", Param{Name: "p", Aliases: []string{"good"}, Description: text}, Rules{}, "parameter good: the name is taken"},
		{"a default that is no choice", Param{Name: "p", Choices: []string{"a"}, Default: "b", Description: text}, Rules{}, "parameter p: its Default is refused: value of p must be one of: a, got: b"},
		{"a default of another type", Param{Name: "p", Type: Int, Default: "x", Description: text}, Rules{},
			"parameter p: its Default is refused: argument 'p' is of type <class 'str'> and we were unable to convert to int: <class 'str'> cannot be converted to an int"},
		{"options of a string", Param{Name: "p", Options: []Param{good}, Description: text}, Rules{}, "parameter p: it has Options and is neither Dict nor List of Dict"},
		{"a word of a list of strings", Param{Name: "p", Type: List, Elements: Str, Word: "good", Description: text}, Rules{}, "parameter p: its Word is none of its Options"},
		{"a number of a dict", Param{Name: "p", Type: Dict, Number: true, Description: text}, Rules{}, "parameter p: it has Number and is no Str"},
		{"a rule about nothing", Param{Name: "p", Description: text}, Rules{RequiredIf: []RequiredIf{{Param: "q", Value: "x", Params: []string{"p"}}}}, "a rule names q, which is no parameter"},
		{"a wrong one inside", Param{Name: "p", Type: Dict, Description: text, Options: []Param{{Name: "q"}}, Rules: Rules{RequiredTogether: [][]string{{"q", "r"}}}}, Rules{},
			"parameter p.q: it has no Description\na rule names p.r, which is no parameter"},
		{"a deprecated alias that is none", Param{Name: "p", Description: text, DeprecatedAliases: []Deprecated{{Name: "q"}}}, Rules{}, "parameter p: q is deprecated, but no alias"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := (Spec{Params: []Param{c.param, good}, Rules: c.rules}).Check(); err != nil {
				got = err.Error()
			}
			if strings.TrimSpace(got) != c.want {
				t.Errorf("Check = %s\nwant %s", got, c.want)
			}
		})
	}
}
