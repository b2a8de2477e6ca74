package main

import (
	"testing"

	"rundock/internal/moduletest/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, "../../dnsd") }

// args are parameters by name.
type args = map[string]any

const below = "/skydns/com/example/s/"
