package service

import (
	"os"
	"regexp"
	"testing"
)

func TestEveryMethodOfTheContractIsServed(t *testing.T) {
	served := new(Guest).methods()
	contract, err := os.ReadFile("../../api/v1/guest.proto")
	if err != nil {
		t.Fatal(err)
	}
	methods := regexp.MustCompile(`(?m)^\s*rpc (\w+)\(`).FindAllSubmatch(contract, -1)
	for _, method := range methods {
		if name := string(method[1]); served[name] == nil {
			t.Errorf("%s is not served", name)
		}
	}
	if len(served) != len(methods) {
		t.Errorf("%d methods are served, the contract has %d", len(served), len(methods))
	}
}
