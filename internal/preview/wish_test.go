package preview

import (
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestNext(t *testing.T) {
	job := Job{Commit: "c1", Settings: "1.0.0"}
	ready := Facts{
		Wish: Wish{Name: "akira", Commit: "c1", Want: Running, Asked: noon}, Settings: "1.0.0", Done: &job, Step: Ready, Since: noon, Used: noon,
	}
	asleep := ready
	asleep.Step, asleep.Since = Asleep, noon.Add(3*time.Hour)
	for claim, c := range map[string]struct {
		from   Facts
		after  time.Duration
		change func(*Facts)
		want   Deed
	}{
		"one that runs as it should":             {ready, time.Hour, func(f *Facts) {}, Rest},
		"a new one is deployed":                  {ready, 0, func(f *Facts) { f.Done, f.Step = nil, "" }, Deploy},
		"one whose commit is not known yet":      {ready, 0, func(f *Facts) { f.Done, f.Step, f.Wish.Commit = nil, "", "" }, Rest},
		"a push":                                 {ready, time.Hour, func(f *Facts) { f.Wish = f.Wish.Pushed("c2", "git", noon) }, Deploy},
		"a push while another commit is built":   {ready, 0, func(f *Facts) { f.Step, f.Wish.Commit = Building, "c3" }, Deploy},
		"other settings":                         {ready, 0, func(f *Facts) { f.Settings = "2.0.0" }, Deploy},
		"a request to deploy the same":           {ready, 0, func(f *Facts) { f.Wish = f.Wish.Again("me", noon) }, Deploy},
		"one that failed is not tried again":     {ready, time.Hour, func(f *Facts) { f.Step = Failed }, Rest},
		"a push to one that failed":              {ready, time.Hour, func(f *Facts) { f.Step, f.Wish.Commit = Failed, "c2" }, Deploy},
		"one that was not used for two hours":    {ready, 2*time.Hour + 1, func(f *Facts) {}, Sleep},
		"one that was used meanwhile":            {ready, 3 * time.Hour, func(f *Facts) { f.Used = noon.Add(2 * time.Hour) }, Rest},
		"one that was deployed meanwhile":        {ready, 3 * time.Hour, func(f *Facts) { f.Since = noon.Add(2 * time.Hour) }, Rest},
		"one with a stream that is open":         {ready, 3 * time.Hour, func(f *Facts) { f.Open = true }, Rest},
		"one that is pinned":                     {ready, 1000 * time.Hour, func(f *Facts) { f.Wish.Pinned = true }, Rest},
		"one that sleeps":                        {asleep, 4 * time.Hour, func(f *Facts) {}, Rest},
		"one that sleeps and is asked for":       {asleep, 4 * time.Hour, func(f *Facts) { f.Used = noon.Add(4 * time.Hour) }, Wake},
		"one that sleeps and is pinned":          {asleep, 4 * time.Hour, func(f *Facts) { f.Wish.Pinned = true }, Wake},
		"a push to one that sleeps":              {asleep, 4 * time.Hour, func(f *Facts) { f.Wish.Commit = "c2" }, Deploy},
		"one whose time is over":                 {ready, 7*24*time.Hour + 1, func(f *Facts) { f.Open = true }, Remove},
		"one whose time is over, which sleeps":   {asleep, 7*24*time.Hour + 1, func(f *Facts) {}, Remove},
		"one that is to go while it is built":    {ready, 0, func(f *Facts) { f.Step, f.Wish.Want = Building, Removed }, Remove},
		"one that is stopped":                    {ready, 0, func(f *Facts) { f.Wish.Want = Stopped }, Sleep},
		"one that is stopped while it is built":  {ready, 0, func(f *Facts) { f.Step, f.Wish.Want = Building, Stopped }, Sleep},
		"one that is stopped, and asked for":     {asleep, 4 * time.Hour, func(f *Facts) { f.Wish.Want, f.Used = Stopped, noon.Add(4*time.Hour) }, Rest},
		"one that is stopped before it ever ran": {ready, 0, func(f *Facts) { f.Step, f.Done, f.Wish.Want = "", nil, Stopped }, Rest},
		"one whose host is gone":                 {ready, time.Hour, func(f *Facts) { f.Lost = true }, Deploy},
		"one that failed, whose host is gone":    {ready, time.Hour, func(f *Facts) { f.Lost, f.Step = true, Failed }, Deploy},
		"unused for long, and its host is gone":  {ready, 3 * time.Hour, func(f *Facts) { f.Lost = true }, Deploy},
		"asleep, and its host is gone":           {asleep, 4 * time.Hour, func(f *Facts) { f.Lost = true }, Rest},
		"asked for, and its host is gone":        {asleep, 4 * time.Hour, func(f *Facts) { f.Lost, f.Open = true, true }, Deploy},
		"stopped, and its host is gone":          {ready, time.Hour, func(f *Facts) { f.Lost, f.Wish.Want = true, Stopped }, Sleep},
		"removed, and its host is gone":          {ready, time.Hour, func(f *Facts) { f.Lost, f.Wish.Want = true, Removed }, Remove},
		"a clock that is an hour behind":         {ready, -time.Hour, func(f *Facts) {}, Rest},
		"asked for by a clock an hour ahead":     {ready, time.Minute, func(f *Facts) { f.Wish.Asked = noon.Add(time.Hour) }, Rest},
		"asked for by a clock an hour behind":    {ready, time.Minute, func(f *Facts) { f.Wish.Asked = noon.Add(-time.Hour) }, Rest},
		"redeployed on the sixth day, on the tenth": {ready, 240 * time.Hour, func(f *Facts) {
			f.Wish = f.Wish.Again("me", noon.Add(144*time.Hour))
			done := f.Job()
			f.Done, f.Used = &done, noon.Add(239*time.Hour)
		}, Rest},
	} {
		f := c.from
		c.change(&f)
		if got := (Rules{}).Next(f, noon.Add(c.after)); got != c.want {
			t.Errorf("%s: next is %q, want %q", claim, got, c.want)
		}
	}
}

func TestPushed_leaves_alone_what_is_the_same_or_is_to_go(t *testing.T) {
	w := Wish{Commit: "c1", Want: Running, Asked: noon, Who: "me"}
	if got := w.Pushed("c1", "git", noon.Add(time.Hour)); got != w {
		t.Errorf("the same commit makes it %+v", got)
	}
	if got := w.Pushed("c2", "git", noon.Add(time.Hour)); got.Commit != "c2" || got.Asked == noon || got.Who != "git" {
		t.Errorf("another commit makes it %+v", got)
	}
	w.Want = Removed
	if got := w.Pushed("c2", "git", noon); got != w {
		t.Errorf("a push to one that is to go makes it %+v", got)
	}
}

func TestAdmit_refuses_a_new_one_at_the_limit(t *testing.T) {
	if err := (Rules{Most: 2}).Admit(1); err != nil {
		t.Errorf("the second of two: %v", err)
	}
	for _, there := range []int{2, 3} {
		if err := (Rules{Most: 2}).Admit(there); !errors.Is(err, ErrMost) {
			t.Errorf("one more than %d, where 2 may be: %v", there, err)
		}
	}
	if e := (Rules{}).Expires(Wish{Asked: noon}); e != noon.AddDate(0, 0, 7) {
		t.Errorf("it expires %s", e)
	}
	if e := (Rules{}).Expires(Wish{Asked: noon, Pinned: true}); !e.IsZero() {
		t.Errorf("one that is pinned expires %s", e)
	}
}
