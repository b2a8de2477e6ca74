package hosts

// find is the element of this name, of which there is one: a step is about it.
func find[T any](list []T, name string, nameOf func(T) string) (found T) {
	for _, e := range list {
		if nameOf(e) == name {
			return e
		}
	}
	return found
}
