// Package capture reads packet captures, pcap and pcapng, plain or gzipped, and finds the TCP
// segments and UDP datagrams in them. It knows Ethernet with and without VLAN tags, Linux
// cooked v1 and v2, loopback and raw IP, each with IPv4 and IPv6.
//
// It streams: one packet is in memory at a time, whatever the size of the file. A packet that
// cannot be read as TCP is counted and is not an error. Nor is a packet that the capture cut
// short: its segment says how many bytes are missing. Checksums are ignored, because on the
// sending machine the network card fills them in after the packet was captured.
package capture
