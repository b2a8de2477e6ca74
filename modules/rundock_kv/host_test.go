package main

import (
	"testing"

	"rundock/internal/moduletest/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// args are parameters by name.
type args = map[string]any
