package main

import (
	"testing"

	"rundock/internal/moduletest"
)

func TestBudget(t *testing.T) { moduletest.Budget(t) }
