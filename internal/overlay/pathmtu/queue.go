package pathmtu

import (
	"net/netip"
	"time"

	"rundock/internal/overlay"
)

// path is the way to a peer.
type path struct {
	subnet netip.Prefix
	mac    overlay.MAC
	to     netip.Addr
	known  int // MTU; 0: the network's
	search *search
	silent int       // searches in a row that found out nothing
	mute   int       // searches in a row that heard nothing
	due    time.Time // the next round, or the next search
	at     int       // in idle or busy
}

// queue is sorted by due: a heap.
type queue []*path

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *queue) Push(x any) {
	x.(*path).at = len(*q)
	*q = append(*q, x.(*path))
}

func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
