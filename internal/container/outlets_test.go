package container

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestFollow_outlets_by_a_daemon_of_another_release(t *testing.T) {
	d := newDaemon()
	d.networks = `[{"Id": "0f1e2d3c4b5a69", "Options": {}}]`
	c := d.open(t)
	for _, api := range []string{"1.41", "1.51"} {
		d.api.Store(api)
		ctx, cancel := context.WithCancel(t.Context())
		err := c.FollowOutlets(ctx, time.Hour, func() {
			defer cancel()
			if o, err := c.Outlets(ctx); err != nil || len(o.Bridges) != 1 || o.Bridges[0].Device != "br-0f1e2d3c4b5a" {
				t.Errorf("by API %s: %+v, %v; want br-0f1e2d3c4b5a", api, o, err)
			}
		})
		if ctx.Err() == nil {
			t.Errorf("by API %s it ends before it has said anything: %v", api, err)
		}
		cancel()
	}
}

func TestFollow_outlets_gives_up_on_a_daemon_that_hangs(t *testing.T) {
	d := newDaemon()
	c := d.open(t)
	c.limits.ping = soon
	d.hangs.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.FollowOutlets(ctx, time.Hour, func() { t.Error("it says something of a daemon that says nothing") }); err == nil || ctx.Err() != nil {
		t.Errorf("FollowOutlets = %v, %v; want that dockerd does not answer", err, ctx.Err())
	}
}

// The filters of one request name any event of any type.
func TestFollow_outlets_leaves_out_what_changes_none_and_gathers_the_others(t *testing.T) {
	happen := func(events string) *daemon {
		d := newDaemon()
		for range 40 {
			for e := range strings.SplitSeq(events, ", ") {
				kind, action, _ := strings.Cut(e, " ")
				d.events += `{"Type": "` + kind + `", "Action": "` + action + `"}` + "\n"
			}
		}
		return d
	}
	const changes = "container start, container die, network create, network destroy"
	for events, most := range map[string]int{"container create, container destroy": 1, changes: 20} {
		said := 0
		happen(events).open(t).FollowOutlets(t.Context(), time.Hour, func() { said++ })
		if said < 1 || said > most {
			t.Errorf("of 40 times %s it has told %d times, want %d at most", events, said, most)
		}
	}
	d := happen(changes)
	d.lasts = true
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := 0
	d.open(t).FollowOutlets(ctx, time.Hour, func() {
		if said++; said == 2 {
			cancel()
		}
	})
	if said < 2 {
		t.Error("it has not told of changes")
	}
}

func TestFollow_outlets_at_quiet_times(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	said := 0
	newDaemon().open(t).FollowOutlets(ctx, time.Millisecond, func() {
		if said++; said == 3 {
			cancel()
		}
	})
	if said < 3 {
		t.Errorf("it has said something %d times of a daemon that tells of no change", said)
	}
}
