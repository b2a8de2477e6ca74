// Package kernel reads what the kernel of a host holds of an overlay network,
// and does the operations that overlay.Plan lists: devices, addresses, routes,
// neighbours and forwarding entries by rtnetlink, tables by nftables (internal/nft/live), Docker's
// filter by iptables. Nothing of ours is on the data path, and all that is made
// stays when a Kernel is closed.
//
// What is ours is known by the names of the devices and tables, and on the
// devices by the routes' protocol (overlay.Protocol): everything else is left
// alone. A Keeper audits one network again and again, a Monitor tells when the
// kernel is changed by others. The package is the only importer of netlink, and
// knows neither Docker nor the store.
package kernel
