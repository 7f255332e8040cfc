package service

import (
	"testing"

	"berth.dev/vminitd/internal/gen/guestv1"
)

func TestEveryMethodOfTheContractIsServed(t *testing.T) {
	served := new(Guest).methods()
	contract := guestv1.File_guest_proto.Services().ByName("Guest").Methods()
	for i := range contract.Len() {
		if name := string(contract.Get(i).Name()); served[name] == nil {
			t.Errorf("%s is not served", name)
		}
	}
	if len(served) != contract.Len() {
		t.Errorf("%d methods are served, the contract has %d", len(served), contract.Len())
	}
}
