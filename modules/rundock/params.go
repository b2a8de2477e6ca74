package main

// params are the parameters as given; nil means not given.
type params struct {
	Name        string            `json:"name"` // with the colour, once read
	Colour      string            `json:"colour"`
	State       string            `json:"state"`
	Image       *string           `json:"image"`
	Args        *string           `json:"args"`
	Announce    *int              `json:"announce"`
	Announces   []announceParams  `json:"announces"`
	Port        *int              `json:"port"`
	AnnounceAs  string            `json:"announce_as"`
	Pull        string            `json:"pull"`
	Wait        string            `json:"wait"`
	WaitTimeout int               `json:"wait_timeout"`
	StopTimeout int               `json:"stop_timeout"`
	Drain       int               `json:"drain"`
	Adopt       bool              `json:"adopt"`
	Rollback    bool              `json:"rollback"`
	EnvSecret   map[string]string `json:"env_secret"`
	Mounts      []string          `json:"requires_mounts"`
	Log         struct {
		Size *int64 `json:"size"`
		Keep *int   `json:"keep"`
	} `json:"log"`

	containerParams
}

// installs reports whether p's state says what the service is made of.
// Otherwise all but the name is ignored.
func (p params) installs() bool { return p.State != "absent" && p.State != "disabled" }
