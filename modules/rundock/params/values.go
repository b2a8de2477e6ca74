package params

// clone is another pointer to what p points to.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// value is what p points to, or its zero.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// unlessDefault is v, or its zero where v is the default.
func unlessDefault[T comparable](v, standard T) T {
	if v == standard {
		var zero T
		return zero
	}
	return v
}
