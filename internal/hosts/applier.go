package hosts

// applier takes the steps of a plan.
type applier struct {
	plan Plan
	want Wanted
	have Have
}
