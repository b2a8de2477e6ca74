package ansible

import "testing"

func TestLiteral(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"a": 1.50}`, `{"a":1.50}`},
		{` ['a', "b", 'c\'d', "e\"f", 'g"h', '\u00e9\n'] `, `["a","b","c'd","e\"f","g\"h","é\n"]`},
		{`{'a': True, 'b': False, 'c': None, 'd': (1, -2.5,), 'e': [], 'f': {},}`, `{"a":true,"b":false,"c":null,"d":[1,-2.5],"e":[],"f":{}}`},
		{`[1, 2`, `null`},
		{`[1 2]`, `null`},
		{`[1]]`, `null`},
		{`{1: 2}`, `null`},
		{`{'a'}`, `null`},
		{`['a`, `null`},
		{`['a\`, `null`},
		{`[a]`, `null`},
		{`[open('/etc/passwd')]`, `null`},
		{`'a'`, `null`},
		{``, `null`},
	} {
		if got := compact(literal(c.text)); got != c.want {
			t.Errorf("literal(%s) = %s, want %s", c.text, got, c.want)
		}
	}
}

// Whatever is given, reading ends in values or in an error, and never in a
// panic, which the operator could do nothing about.
func FuzzReadingNeverPanics(f *testing.F) {
	for _, c := range agreed {
		f.Add(c.given)
	}
	for _, v := range pool {
		f.Add(`{"announces":` + v + `,"api":` + v + `,"pins":` + v + `}`)
	}
	f.Fuzz(func(t *testing.T, given string) {
		for _, s := range []Spec{nested, old, kinds, sample} {
			r := request{module: s.Module}
			_ = r.read(s, []byte(given))
		}
	})
}
