package audit

// Acceptance says that what a check finds is left so.
type Acceptance struct {
	ID      string `json:"id"` // of a check, or of what a scanner finds
	Reason  string `json:"reason"`
	Service string `json:"service,omitempty"` // of that alone; "": whatever it is about
}

// Standing are the acceptances that hold on every host: what rundock leaves as Docker has it, as
// another setting would take something from services that are there. Each is still told.
var Standing = []Acceptance{
	{ID: "1.1.1", Reason: "the host's disks are not rundock's to make; logs of services and images of rundock have limits of their own"},
	{ID: "2.1", Reason: "overlay networks, ports of hosts and live-restore need a dockerd that is root; its socket is root's alone"},
	{ID: "2.2", Reason: "services of one host that name no network know each other there; those of an overlay network are apart"},
	{ID: "2.8", Reason: "limits belong to a service, by ulimits; Docker's own are those of dockerd"},
	{ID: "2.9", Reason: "the files of volumes would have other owners, and services with the host's network or processes could not start"},
	{ID: "2.12", Reason: "root alone reaches Docker's socket, and check 1.1.2 finds who else does; a plugin would keep nothing from root"},
	{ID: "2.13", Reason: "a runner copies each line to /var/log/docker-NAME, which is limited; where they are sent is the operator's choice: rundock_logs_to"},
	{ID: "2.14", Reason: "images with setuid programs would fail; check 5.26 finds each container that may do without"},
	{ID: "2.16", Reason: "without it what is published is not reached from the host's own loopback, where checks and people ask; and with it off Docker sets route_localnet"},
}
