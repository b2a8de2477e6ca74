package render

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// loop counts: loop 3 is 0 1 2, loop 5 8 is 5 6 7.
func loop(numbers ...int64) ([]int64, error) {
	const most = 1 << 20
	var from, to int64
	switch len(numbers) {
	case 1:
		to = numbers[0]
	case 2:
		from, to = numbers[0], numbers[1]
	default:
		return nil, fmt.Errorf("loop: %d numbers, want an end, or a start and an end", len(numbers))
	}
	if to-from > most {
		return nil, fmt.Errorf("loop: %d steps, want at most %d", to-from, most)
	}
	var all []int64
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all, nil
}

// calculation returns a function of consul-template's order, 5 | subtract 2
// being 3: the second argument is the left side. Whole numbers give a whole
// number.
func calculation(whole func(a, b int64) (int64, error), broken func(a, b float64) float64) func(b, a any) (any, error) {
	return func(b, a any) (any, error) {
		x, xf, xWhole, err := number(a)
		if err != nil {
			return nil, err
		}
		y, yf, yWhole, err := number(b)
		switch {
		case err != nil:
			return nil, err
		case xWhole && yWhole:
			return whole(x, y)
		case broken == nil:
			return nil, errors.New("want whole numbers")
		}
		return broken(xf, yf), nil
	}
}

var errZero = errors.New("division by zero")

var (
	add      = calculation(func(a, b int64) (int64, error) { return a + b, nil }, func(a, b float64) float64 { return a + b })
	subtract = calculation(func(a, b int64) (int64, error) { return a - b, nil }, func(a, b float64) float64 { return a - b })
	multiply = calculation(func(a, b int64) (int64, error) { return a * b, nil }, func(a, b float64) float64 { return a * b })
	minimum  = calculation(func(a, b int64) (int64, error) { return min(a, b), nil }, func(a, b float64) float64 { return min(a, b) })
	maximum  = calculation(func(a, b int64) (int64, error) { return max(a, b), nil }, func(a, b float64) float64 { return max(a, b) })
	divide   = calculation(func(a, b int64) (int64, error) {
		if b == 0 {
			return 0, errZero
		}
		return a / b, nil
	}, func(a, b float64) float64 { return a / b })
	modulo = calculation(func(a, b int64) (int64, error) {
		if b == 0 {
			return 0, errZero
		}
		return a % b, nil
	}, nil)
)

// number reads v, of whatever numeric type.
func number(v any) (n int64, f float64, whole bool, err error) {
	switch r := reflect.ValueOf(v); {
	case r.CanInt():
		return r.Int(), float64(r.Int()), true, nil
	case r.CanUint():
		return int64(r.Uint()), float64(r.Uint()), true, nil
	case r.CanFloat():
		return 0, r.Float(), false, nil
	}
	return 0, 0, false, fmt.Errorf("%v is a %T, want a number (parseInt makes one of a text)", v, v)
}

// Each of these takes an empty text for zero, as consul-template does.

func parseBool(s string) (bool, error) {
	if s == "" {
		return false, nil
	}
	return strconv.ParseBool(s)
}

func parseFloat(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseFloat(s, 64)
}

func parseInt(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseInt(s, 10, 64)
}

func parseUint(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseUint(s, 10, 64)
}
