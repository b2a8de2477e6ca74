package main

import (
	"testing"

	"rundock/internal/moduletest"
)

func TestMain(m *testing.M) { moduletest.Main(m) }
