package supervisor

// Shown are two states of service.json as others may see them: with the names
// of environment variables and without their values, but for which of them are
// not the same in both. Either may be nil: then there is none. A state that
// cannot be read is not shown, nor is the other one then: ok is false.
func Shown(before, after []byte) (old, present string, ok bool) {
	var states [2]Service
	for i, data := range [][]byte{before, after} {
		if data == nil {
			continue
		}
		var err error
		if states[i], err = ParseService("service.json", data); err != nil {
			return "", "", false
		}
	}
	a, b := &states[0].Container, &states[1].Container
	a.Env, b.Env = veiled(a.Env, b.Env)
	a.EnvSecrets, b.EnvSecrets = veiled(a.EnvSecrets, b.EnvSecrets)
	var texts [2]string
	for i, data := range [][]byte{before, after} {
		if data == nil {
			continue
		}
		shown, err := states[i].JSON()
		if err != nil {
			return "", "", false
		}
		texts[i] = string(shown)
	}
	return texts[0], texts[1], true
}

// veiled are a and b without their values.
func veiled(a, b map[string]string) (old, present map[string]string) {
	mark := func(of, other map[string]string, age string) map[string]string {
		var marked map[string]string
		for name, v := range of {
			if marked == nil {
				marked = map[string]string{}
			}
			marked[name] = "(value)"
			if was, both := other[name]; both && was != v {
				marked[name] = "(" + age + " value)"
			}
		}
		return marked
	}
	return mark(a, b, "old"), mark(b, a, "new")
}
