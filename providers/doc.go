// Package providers holds what all networks share: the [Manifest] that describes one,
// [Describe], which reads a provider's powers off its interfaces, [Options] for their
// constructors, and the [Opener] by which programs open networks by name.
//
// The networks are the packages below: providers/mastodon, providers/wordpress and so on.
// Package providers/all lists them, providers/fake is a network in memory for tests and
// demonstrations, and providers/providertest is the suite that every provider passes.
//
// Programs that know their networks call the constructors, such as mastodon.New, and
// have no need of this package.
package providers
