package chaos_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var (
	oneSeed = flag.Int64("chaos.seed", -1, "run the scenario of this seed only")
	seeds   = flag.Int("chaos.seeds", 0, "how many seeds to run, from 0 on; 0 is as many as suit CI")
	long    = flag.Bool("chaos.long", false, "longer scenarios of larger clusters")
	logs    = flag.Bool("chaos.logs", false, "have what nodes and clients log in the test's output")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
