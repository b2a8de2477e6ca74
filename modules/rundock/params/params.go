// Package params is what a call of the module says: its parameters with their
// documentation, the checks of what they hold, and the services that they ask for. What
// is on the host it does not know, and docker's words are package spec's.
//
// A call has the parameters of one service, or a list of such. Both become Params, one
// for each service.
package params

// Params are the parameters of one service as given; nil means not given.
type Params struct {
	Name        string            `json:"name"` // with the colour, once read
	Colour      string            `json:"colour"`
	Stack       string            `json:"stack"`
	Slot        string            `json:"slot"`
	Role        string            `json:"role"`
	Aliases     []string          `json:"aliases"`
	State       string            `json:"state"`
	Image       *string           `json:"image"`
	Args        *string           `json:"args"`
	Announce    *int              `json:"announce"`
	Announces   []Announce        `json:"announces"`
	Port        *int              `json:"port"`
	AnnounceAs  string            `json:"announce_as"`
	Pull        string            `json:"pull"`
	Wait        string            `json:"wait"`
	WaitTimeout int               `json:"wait_timeout"`
	StopTimeout int               `json:"stop_timeout"`
	Drain       int               `json:"drain"`
	Order       string            `json:"order"`
	Adopt       bool              `json:"adopt"`
	Rollback    bool              `json:"rollback"`
	EnvSecret   map[string]string `json:"env_secret"`
	Mounts      []string          `json:"requires_mounts"`
	Job         bool              `json:"job"`
	Attempts    int               `json:"attempts"`
	Log         struct {
		Size *int64 `json:"size"`
		Keep *int   `json:"keep"`
	} `json:"log"`

	containerParams
}

// Installs reports whether p's state says what the service is made of.
// Otherwise all but the name and the slot is ignored.
func (p Params) Installs() bool { return p.State != "absent" && p.State != "disabled" }
