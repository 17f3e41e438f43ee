// Package capture reads packet captures, pcap and pcapng, gzip or not, and finds
// the TCP segments in them: on Ethernet with or without VLAN tags, Linux
// cooked v1 and v2, loopback and raw IP; IPv4 and IPv6.
//
// It streams: of a file of any size it holds one packet. A packet that cannot be
// read as TCP is counted, not an error; so is one that the capture cut short, whose
// segment says how much of it is missing. Checksums are not looked at: on the machine
// that sends, network cards fill them in after the capture has seen the packet.
package capture
