//go:build !darwin

package names

// Elsewhere the servers in resolv.conf are asked, for records of any type.
var defaultSystem systemResolver
