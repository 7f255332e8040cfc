package names

import "net"

// On macOS resolv.conf knows nothing of VPNs and split DNS; the system's resolver does.
var defaultSystem systemResolver = net.DefaultResolver
