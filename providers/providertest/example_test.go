package providertest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/fake"
	"github.com/parvis-go/parvis/providers/providertest"
	"github.com/parvis-go/parvis/publish"
)

// A harness opens accounts of the network under test, here the fake. A harness of a real
// network starts a server, or one that answers with fixtures, and stops it with t.Cleanup.
type harness struct{}

// Open returns an account, and what the suite needs to know past the provider. Whatever
// is left out keeps some cases from applying, which Run logs.
func (harness) Open(testing.TB) *providertest.Rig {
	town := fake.New(fake.Options{})
	acme, ana := town.Join("acme"), town.Join("ana")
	return &providertest.Rig{
		Account: acme,
		Say: func(ctx context.Context, s providertest.Saying) (parvis.Ref, error) {
			text := s.Text
			if s.ReplyTo.IsZero() {
				text = "@acme " + text
			}
			post, err := publish.To(ctx, ana, publish.Draft{Text: text, ReplyTo: s.ReplyTo})
			return post.Ref, err
		},
		Count: func(_ context.Context, text string) (int, error) { return town.Count(text), nil },
		Calls: town.Calls,
		Break: func(f providertest.Fault) bool {
			if f.Kind != providertest.CutAfter {
				return false // this harness stages one kind of failure
			}
			town.Inject(fake.Fault{Kind: fake.CutAfter, Op: f.Op})
			return true
		},
	}
}

// conformance is all that the test of a provider says:
//
//	func TestConformance(t *testing.T) { providertest.Run(t, harness{}) }
func conformance(t *testing.T) { providertest.Run(t, harness{}) }

// A stranger writes a harness, and calls Run with it. The cases can also be listed, and
// tried one by one.
func Example() {
	_ = conformance
	for _, c := range providertest.Cases() {
		if c.Name != "outcome/cut-after" && c.Name != "outcome/redirect" {
			continue
		}
		rig := harness{}.Open(nil)
		if why := c.Applies(context.Background(), rig); why != nil {
			fmt.Println(c.Name, "does not apply:", why)
			continue
		}
		fmt.Println(c.Name, "is wrong:", c.Run(context.Background(), rig))
	}
	// Output:
	// outcome/cut-after is wrong: <nil>
	// outcome/redirect does not apply: the rig cannot stage the failure "redirect" of "publish"
}
