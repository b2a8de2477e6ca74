package plan

import "slices"

// Circle returns the services of a way from name back to it, name first and
// last; nil where there is none. joins are the services whose namespaces or
// volumes a service's container lives in.
func Circle(name string, joins func(string) []string) []string {
	seen := map[string]bool{}
	var search func(way []string) []string
	search = func(way []string) []string {
		for _, next := range joins(way[len(way)-1]) {
			switch {
			case next == name:
				return append(way, next)
			case seen[next]:
				continue
			}
			seen[next] = true
			if found := search(append(slices.Clone(way), next)); found != nil {
				return found
			}
		}
		return nil
	}
	return search([]string{name})
}
