package preview

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Repo is a repository that previews may be of.
type Repo struct {
	Name string `json:"name"` // a label, as that of a preview
	URL  string `json:"url"`

	Compose []string `json:"compose,omitempty"` // compose files in its trees; none: compose.yaml or another usual name
	Poll    int      `json:"poll,omitempty"`    // seconds between two looks for pushes that no hook told of; 0 is 60, -1 never

	// Paths of files on the hosts that build, never what is in them; "" is none.
	Credentials string `json:"credentials,omitempty"` // for https
	Key         string `json:"key,omitempty"`         // for ssh
	KnownHosts  string `json:"known_hosts,omitempty"` // for ssh
	CA          string `json:"ca,omitempty"`          // for https
}

// Check says all that is wrong with r.
func (r Repo) Check() error {
	wrong := []error{CheckURL(r.URL)}
	if !nameForm.MatchString(r.Name) || len(r.Name) > nameAtMost {
		wrong = append(wrong, fmt.Errorf("repository %q: want a-z, 0-9 and -, at most %d, neither the first nor the last a -", r.Name, nameAtMost))
	}
	for _, file := range r.Compose {
		if !fs.ValidPath(file) || file == "." {
			wrong = append(wrong, fmt.Errorf("repository %s: compose file %q: want a path in its trees", r.Name, file))
		}
	}
	for _, file := range []string{r.Credentials, r.Key, r.KnownHosts, r.CA} {
		if file != "" && (!path.IsAbs(file) || path.Clean(file) != file) {
			wrong = append(wrong, fmt.Errorf("repository %s: file %q: want an absolute path", r.Name, file))
		}
	}
	if r.Poll < -1 || r.Poll > 0 && r.Poll < 10 {
		wrong = append(wrong, fmt.Errorf("repository %s: poll %d: want seconds, 10 at least, or -1", r.Name, r.Poll))
	}
	return errors.Join(wrong...)
}
