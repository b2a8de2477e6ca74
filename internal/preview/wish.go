package preview

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Want is what somebody wants of a preview.
type Want string

// The wants of a Wish.
const (
	Running Want = "running" // it runs its branch's newest commit, or is asleep
	Stopped Want = "stopped" // it does not run, and is kept
	Removed Want = "removed" // nothing of it is to be left; whoever has removed all removes the wish
)

// Wish is what is wanted of one preview. Pages, hooks and the API write it, builders
// read it: whatever happened meanwhile, they do what it says now.
type Wish struct {
	Name   string `json:"name"`
	Repo   string `json:"repo"` // name of the repository
	Branch string `json:"branch"`

	Commit string    `json:"commit,omitempty"` // the branch's newest that is known; "": none yet, and whoever asks the repository writes it here
	Try    int       `json:"try,omitempty"`    // grows with each request to deploy the same again
	Want   Want      `json:"want"`
	Pinned bool      `json:"pinned,omitempty"` // neither sleeps nor is removed by itself
	Asked  time.Time `json:"asked"`            // when it was last to be deployed, by a push or a request: its time runs from then
	Who    string    `json:"who,omitempty"`    // who asked for that
}

// Job is what a builder makes of a preview: another one is another deployment, and the
// same one is none.
type Job struct {
	Commit   string `json:"commit"`
	Settings string `json:"settings,omitempty"` // revision of its settings
	Try      int    `json:"try,omitempty"`
}

// Rules are a site's for its previews.
type Rules struct {
	Most int           // previews; 0 is 50
	TTL  time.Duration // from the last deployment until it is removed; 0 is 7 days
	Idle time.Duration // without use until it sleeps; 0 is 2 hours
}

func (r Rules) settled() Rules {
	return Rules{cmp.Or(r.Most, 50), cmp.Or(r.TTL, 7*24*time.Hour), cmp.Or(r.Idle, 2*time.Hour)}
}

// AtMost is how many previews there may be.
func (r Rules) AtMost() int { return r.settled().Most }

// ErrMost is a preview more than a site may have.
var ErrMost = errors.New("there are as many previews as there may be: remove one first")

// Admit says why there can be no new preview beside those that there are. One that
// is there already is never refused.
func (r Rules) Admit(there int) error {
	if r = r.settled(); there >= r.Most {
		return fmt.Errorf("%w: %d", ErrMost, r.Most)
	}
	return nil
}

// Expires is when a preview is removed by itself; the zero time: never.
func (r Rules) Expires(w Wish) time.Time {
	if w.Pinned {
		return time.Time{}
	}
	return w.Asked.Add(r.settled().TTL)
}

// Pushed is w after its branch came to be at commit. The newest wins, whatever is being
// built; the same one changes nothing.
func (w Wish) Pushed(commit, who string, now time.Time) Wish {
	if commit == w.Commit || w.Want == Removed {
		return w
	}
	w.Commit, w.Asked, w.Who = commit, now, who
	return w
}

// Again is w after a request to deploy it, also where nothing has changed or it is stopped.
func (w Wish) Again(who string, now time.Time) Wish {
	w.Want, w.Asked, w.Who = Running, now, who
	w.Try++
	return w
}

// Deed is what is next to be done for a preview.
type Deed string

// The deeds of a builder.
const (
	Rest   Deed = ""       // nothing: it is as it should be
	Deploy Deed = "deploy" // make the job of the wish, from whatever there is
	Sleep  Deed = "sleep"  // stop its containers, and remember that it sleeps
	Wake   Deed = "wake"   // start them again
	Remove Deed = "remove" // leave nothing of it
)

// Facts are what is known of a preview.
type Facts struct {
	Wish     Wish
	Settings string // revision of its settings now

	Done  *Job      // the last one that was made, or has failed; nil: none
	Step  Step      // of its State; "": it has none
	Since time.Time // when Step began
	Lost  bool      // the host that has it is gone for good, with all that was made there

	Used time.Time // its last request
	Open bool      // a request, a stream or a websocket is open
}

// Job is the one that the facts ask for.
func (f Facts) Job() Job { return Job{f.Wish.Commit, f.Settings, f.Wish.Try} }

// Next returns what is to be done at now. Doing it and asking again ends in Rest.
func (r Rules) Next(f Facts, now time.Time) Deed {
	deed := r.next(f, now)
	if !f.Lost || f.Wish.Want != Running || f.Wish.Commit == "" {
		return deed
	}
	// What sleeps is made when it is asked for.
	if deed == Wake || deed == Sleep || deed == Rest && f.Step != Asleep {
		return Deploy
	}
	return deed
}

func (r Rules) next(f Facts, now time.Time) Deed {
	r = r.settled()
	expires := r.Expires(f.Wish)
	switch {
	case f.Wish.Want == Removed, !expires.IsZero() && now.After(expires):
		return Remove
	case f.Wish.Want == Stopped && f.Step != Asleep && f.Step != "":
		return Sleep
	case f.Wish.Want == Stopped:
		return Rest
	case f.Wish.Commit != "" && (f.Done == nil || *f.Done != f.Job()):
		return Deploy
	case f.Step == Asleep && (f.Wish.Pinned || f.Open || f.Used.After(f.Since)):
		return Wake
	case f.Step == Ready && !f.Wish.Pinned && !f.Open && now.Sub(later(f.Used, f.Since)) > r.Idle:
		return Sleep
	}
	return Rest
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
