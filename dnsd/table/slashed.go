package table

// Two keys mean one name: /skydns/com/web and /skydns/com/web/. The one without
// the slash is answered where both are there. The record of the other waits in
// Table.slashed; a node whose record is that very one has it from there.

// setPlain makes the key of name without a final slash hold want, or nothing.
func (t *Table) setPlain(name string, want *Record) {
	if want == nil {
		want = t.slashed[name]
	}
	if want != nil {
		t.put(name, want)
	} else if n := t.index.get([]byte(name)); n != nil {
		t.clear(n)
	}
}

// setSlashed does so for the key with a final slash.
func (t *Table) setSlashed(name string, want *Record) {
	n, was := t.index.get([]byte(name)), t.slashed[name]
	var have *Record
	if n != nil {
		have = n.record.Load()
	}
	// A record that the last list did not give may be of either key.
	hidden := have != nil && have != was && n.epoch == t.epoch
	if want == nil {
		delete(t.slashed, name)
		if n != nil && !hidden {
			t.clear(n)
		}
		return
	}
	if t.slashed == nil {
		t.slashed = map[string]*Record{}
	}
	t.slashed[name] = want
	if !hidden {
		t.put(name, want)
	}
}
