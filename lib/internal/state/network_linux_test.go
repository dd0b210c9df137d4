package state

import "testing"

func TestNetworkNameKnowsTheMagicNumbers(t *testing.T) {
	for magic, want := range map[uint32]string{ // statfs(2)
		0x6969: "nfs", 0xff534d42: "smb", 0xfe534d42: "smb", 0x517b: "smb", 0x5346414f: "afs", 0x00c36400: "ceph",
		0xef53: "", 0x58465342: "", 0x01021994: "", 0x794c7630: "", 0x9123683e: "",
	} {
		if got := networkName(magic); got != want {
			t.Errorf("%#x: %q, want %q", magic, got, want)
		}
	}
}
