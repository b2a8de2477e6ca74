package control

import "encoding/json"

// StackRequest is what module rundock_stack asks of `rundockd stack ctl`, on the
// host that leads a run.
type StackRequest struct {
	Version int       `json:"version"`
	Step    StackStep `json:"step"`
	Name    string    `json:"name"`          // of the stack
	Run     string    `json:"run,omitempty"` // id of the run, for all but StackPlan and StackPull
	Who     string    `json:"who,omitempty"`

	// Of StackPlan and StackBegin.
	Absent    bool                       `json:"absent,omitempty"` // the stack is to go
	Compose   []string                   `json:"compose,omitempty"`
	Files     map[string]StackFile       `json:"files,omitempty"` // those that were read so far
	Env       map[string]string          `json:"env,omitempty"`
	Profiles  []string                   `json:"profiles,omitempty"`
	Scale     map[string]int             `json:"scale,omitempty"`
	Configs   map[string]string          `json:"configs,omitempty"`
	Secrets   map[string]string          `json:"secrets,omitempty"`
	Strategy  string                     `json:"strategy,omitempty"`
	Back      int                        `json:"back,omitempty"`  // the release to go back to
	Model     *StackModel                `json:"model,omitempty"` // instead of Compose
	Lost      []string                   `json:"lost,omitempty"`
	Rebalance bool                       `json:"rebalance,omitempty"`
	Expect    string                     `json:"expect,omitempty"`   // hash of the plan that is to be carried out
	Hosts     map[string]json.RawMessage `json:"hosts,omitempty"`    // what rundockd facts --json says, by inventory name; null: it cannot be reached
	Pool      string                     `json:"pool,omitempty"`     // where networks are taken from: 10.192.0.0/11
	Trees     map[string]StackTree       `json:"trees,omitempty"`    // what folders that images are built of hold, by StackContext.Folder
	Registry  string                     `json:"registry,omitempty"` // image registry for what is built, a name and perhaps a path, or SiteRegistry
	Builder   string                     `json:"builder,omitempty"`  // inventory name of the host that builds; "" is the first that can

	Patience int          `json:"patience,omitempty"` // seconds until the next call at the most: then the run is taken for dead
	Timeout  int          `json:"timeout,omitempty"`  // seconds that an instance has to become well
	Wave     int          `json:"wave,omitempty"`     // of StackWave
	Why      string       `json:"why,omitempty"`      // of StackFail
	Images   []StackImage `json:"images,omitempty"`   // of StackPull
	Build    *StackBuild  `json:"build,omitempty"`    // of StackBuilds
}

// StackModel is a stack that is made already, of whatever files.
type StackModel struct {
	Stack   json.RawMessage   `json:"stack"`             // a stack.Stack that is called as Name, without what is to be built
	Configs map[string][]byte `json:"configs,omitempty"` // what they hold, by hash
	Secrets map[string][]byte `json:"secrets,omitempty"` // by key
}

// StackStep is a step of a run.
type StackStep string

// The steps. StackPull and StackBuilds are for any host, the others are for the one that leads.
const (
	StackPlan   StackStep = "plan"    // say what a run would do; nothing is written
	StackBegin  StackStep = "begin"   // take the lock, settle what an earlier run left, or write the release
	StackWave   StackStep = "wave"    // a wave begins
	StackCommit StackStep = "commit"  // the release is current
	StackDone   StackStep = "done"    // what left is stopped; the run ends
	StackFail   StackStep = "fail"    // the release is to be undone
	StackUndone StackStep = "undone"  // it is
	StackEnd    StackStep = "end"     // give back the lock
	StackSecret StackStep = "secrets" // what the secrets of the run's releases hold
	StackPull   StackStep = "pull"    // have images on this host
	StackBuilds StackStep = "build"   // build an image on this host, and push it
)

// SiteRegistry is the site's own image registry, registry.s.prod.example.com:5000.
const SiteRegistry = "site"

// StackFile is a file of the project on the machine of whoever runs Ansible.
type StackFile struct {
	Data   []byte `json:"data,omitempty"`
	Absent bool   `json:"absent,omitempty"`
	Folder bool   `json:"folder,omitempty"`
	Error  string `json:"error,omitempty"` // why it cannot be read
}

// StackContext is a folder of the project of which an image is built.
type StackContext struct {
	Folder string        `json:"folder"`
	Ignore []StackIgnore `json:"ignore,omitempty"` // what is left out: the last that matches counts
}

// StackIgnore is a regular expression of whole paths in a StackContext, which are left out,
// or taken in again.
type StackIgnore struct {
	Pattern string `json:"pattern"`
	Keep    bool   `json:"keep,omitempty"`
}

// StackTree is what a folder holds.
type StackTree struct {
	Tree  string `json:"tree,omitempty"`  // identifies it: the same id, the same files
	Error string `json:"error,omitempty"` // why it cannot be read
}

// StackBuild is an image to build.
type StackBuild struct {
	StackContext
	Tree     string          `json:"tree"`
	Services []string        `json:"services"`
	Names    []string        `json:"names"` // of the image at the image registry, with its tag: one for each service
	Host     string          `json:"host"`  // inventory name
	Build    json.RawMessage `json:"build"` // a stack.Build of the folder

	// Given by who has it built.
	Upload string `json:"upload,omitempty"` // file on the host: the folder as a tar, in gzip
	Time   int    `json:"time,omitempty"`   // seconds that it may take
	Memory int    `json:"memory,omitempty"` // MiB that a step of it may have
	CPUs   int    `json:"cpus,omitempty"`   // processors that it may have
}

// StackImage is an image that a host is to have.
type StackImage struct {
	Name     string `json:"name"`
	Platform string `json:"platform,omitempty"`
	Pull     string `json:"pull,omitempty"`
}

// StackAnswer is the answer.
type StackAnswer struct {
	Version int      `json:"version"`
	Error   string   `json:"error,omitempty"`
	Wants   []string `json:"wants,omitempty"`    // files that are needed; nothing was done
	KeyFrom string   `json:"key_from,omitempty"` // the host whose key of stacks' secrets is needed here; nothing was done

	Contexts []StackContext `json:"contexts,omitempty"` // folders of which StackRequest.Trees has to tell; nothing was done
	Builds   []StackBuild   `json:"builds,omitempty"`   // images that have to be built before the release can begin

	Changed bool     `json:"changed,omitempty"` // a release is, or would be, rolled out
	Release int      `json:"release,omitempty"`
	From    int      `json:"from,omitempty"`
	Plan    string   `json:"plan,omitempty"`  // its hash
	Lines   []string `json:"lines,omitempty"` // for people
	Notes   []string `json:"notes,omitempty"` // what is done otherwise than the files say
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"` // both for a diff

	Settle  StackStep         `json:"settle,omitempty"` // Waves are those that an earlier run left; this step and then StackBegin follow
	Waves   []StackWork       `json:"waves,omitempty"`
	Secret  bool              `json:"secret,omitempty"`  // files of Waves are secrets: StackSecret tells what they hold
	Secrets map[string][]byte `json:"secrets,omitempty"` // by StackHostFile.Secret, of StackSecret
	Pulled  []string          `json:"pulled,omitempty"`  // of StackPull: images that were not there before
	Built   []string          `json:"built,omitempty"`   // of StackBuilds: images by digest
}

// StackWork is a wave as hosts do it.
type StackWork struct {
	Number int                      `json:"number,omitempty"` // as releases count begun ones; 0: of an undoing
	Title  string                   `json:"title"`
	Pause  float64                  `json:"pause,omitempty"` // seconds before the next one
	Watch  float64                  `json:"watch,omitempty"` // seconds before Hosts
	Commit bool                     `json:"commit,omitempty"`
	Hosts  map[string]StackHostWork `json:"hosts,omitempty"` // by inventory name
}

// StackHostWork is what a host does in a wave, in this order.
type StackHostWork struct {
	Images   []StackImage     `json:"images,omitempty"`
	Networks []map[string]any `json:"networks,omitempty"` // arguments of module rundock_overlay
	Files    []StackHostFile  `json:"files,omitempty"`
	Services []map[string]any `json:"services,omitempty"` // of module rundock
	Stale    []string         `json:"stale,omitempty"`    // paths of files, or of a folder, that are to go
	Strict   []string         `json:"strict,omitempty"`   // names of Services that are not done where another host's of that name was not, in a wave before
}

// StackHostFile is a file of a host that is mounted into a container. What it holds need
// be no text, and is in base64 in JSON.
type StackHostFile struct {
	Path    string `json:"path"`
	Mode    string `json:"mode"`
	Owner   string `json:"owner"`
	Group   string `json:"group"`
	Content []byte `json:"content,omitempty"`
	Secret  string `json:"secret,omitempty"` // names what it holds, in StackAnswer.Secrets
}
