package control

// SwitchOutcome is what `rundockd switch --json` tells of a call.
type SwitchOutcome struct {
	Version       int      `json:"version"`
	Service       string   `json:"service"`
	From          string   `json:"from,omitempty"`    // the colour that was active
	To            string   `json:"to"`                // that was wanted
	Active        string   `json:"active,omitempty"`  // that is
	Changed       bool     `json:"changed"`           // the active colour is, or in a check would be, another
	Attempt       string   `json:"attempt,omitempty"` //
	Back          string   `json:"back,omitempty"`    // why it went back
	Refused       string   `json:"refused,omitempty"` // why nothing was begun
	Unknown       string   `json:"unknown,omitempty"` // why it is not known how it ended
	Plan          []string `json:"plan,omitempty"`    // of a check: what it would do
	LoadBalancers []string `json:"load_balancers,omitempty"`
}
