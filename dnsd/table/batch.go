package table

import (
	"iter"
	"strings"
	"time"

	"rundock/internal/skydns"
)

// Replace makes the table hold exactly pairs, additions before deletions. Bad
// keys are those that were not bad for the same reason before.
func (t *Table) Replace(revision int64, pairs iter.Seq2[string, []byte]) []Bad {
	return t.ReplaceUnless(revision, pairs, func(int, int) bool { return false })
}

// ReplaceUnless is Replace that keeps the records missing from pairs where
// hold, told how many there were and how many of them are missing, says so.
// They stay until DropMissing, or until a change of their key.
func (t *Table) ReplaceUnless(revision int64, pairs iter.Seq2[string, []byte], hold func(known, missing int) bool) []Bad {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.epoch++
	known := t.counts.records
	t.counts.missing = known
	before := t.bad
	t.bad, t.slashed = make(map[string]string, len(before)), nil
	var news []Bad
	for key, value := range pairs {
		if reason := t.set(key, value); reason != "" && before[key] != reason {
			news = append(news, Bad{key, reason})
		}
	}
	if t.counts.missing > 0 && !hold(known, t.counts.missing) {
		t.sweep(t.root)
	}
	t.publish(revision)
	return news
}

// DropMissing clears the records that were kept, and returns how many.
func (t *Table) DropMissing() (dropped int) {
	t.writing.Lock()
	defer t.writing.Unlock()
	dropped = t.counts.missing
	if state := t.state.Load(); dropped > 0 {
		t.sweep(t.root)
		t.publish(state.Revision)
	}
	return dropped
}

// Update applies changes in order; a nil value deletes. A key whose new value
// is bad loses its old one: the table never holds what the store does not.
func (t *Table) Update(revision int64, changes iter.Seq2[string, []byte]) []Bad {
	t.writing.Lock()
	defer t.writing.Unlock()
	var news []Bad
	for key, value := range changes {
		was := t.bad[key]
		if reason := t.set(key, value); reason != "" && was != reason {
			news = append(news, Bad{key, reason})
		}
	}
	t.publish(revision)
	return news
}

func (t *Table) publish(revision int64) {
	t.state.Store(&State{
		Revision: revision, Applied: time.Now(),
		Records: t.counts.records, Names: t.counts.names, Bad: len(t.bad), Missing: t.counts.missing,
	})
}

// set makes one key hold value, or nothing, and returns why a value is bad.
func (t *Table) set(key string, value []byte) (reason string) {
	delete(t.bad, key)
	name, err := skydns.Wire(t.prefix, key)
	if err != nil {
		if value != nil {
			t.bad[key] = err.Error()
			return err.Error()
		}
		return ""
	}
	var want *Record
	if value != nil {
		r, err := skydns.Parse(value)
		if err == nil {
			want, err = newRecord(r)
		}
		if err != nil {
			t.bad[key] = err.Error()
			reason, want = err.Error(), nil
		}
	}
	if strings.HasSuffix(key, "/") {
		t.setSlashed(name, want)
	} else {
		t.setPlain(name, want)
	}
	return reason
}
