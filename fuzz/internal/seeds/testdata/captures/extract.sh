#!/usr/bin/env bash
# Extracts what each end sent from packet captures: extract.sh FOLDER, here. tshark
# decodes the packets. The segments are put in sequence number order here, because
# following a stream with tshark leaves some of those in pipe-reorder out.
set -euo pipefail
captures=$1
most=$((128 << 10)) # bytes of a stream that are kept

# sent CAPTURE STREAM FIELD PORT: what the end with the port sent
sent() {
  tshark -r "$captures/$1.pcapng" -Y "tcp.stream == $2 && tcp.len > 0 && $3 == $4" \
    -T fields -e tcp.seq -e tcp.payload 2>/dev/null | sort -n | perl -ne '
    my ($seq, $hex) = split; my $payload = pack "H*", $hex;
    $next //= $seq;
    die "a segment is missing\n" if $seq > $next;
    my $seen = $next - $seq; # was sent before
    next if $seen >= length $payload;
    print substr $payload, $seen; $next = $seq + length $payload'
}

# capture, port of the server, TCP streams
while read -r capture port streams; do
  for stream in $streams; do
    name=$capture
    [ "$streams" = "$stream" ] || name=$capture-$stream
    for end in client server; do
      field=tcp.srcport
      [ $end = server ] || field=tcp.dstport
      sent "$capture" "$stream" "$field" "$port" >all
      # The head ends with the empty line; a capture that begins later has none.
      cut=0
      if head -c 5 all | grep -aqE '^(GET |HTTP/)'; then
        cut=$(LC_ALL=C perl -0777 -ne 'print index($_, "\r\n\r\n") + 4' all)
        head -c "$cut" all >"$name.$end.head"
      fi
      tail -c "+$((cut + 1))" all >"$name.$end.frames"
      if [ "$(stat -c %s "$name.$end.frames")" -gt $most ]; then
        echo "$name.$end.frames: $(stat -c %s "$name.$end.frames") bytes, left out"
        rm "$name.$end.frames"
      fi
      rm all
    done
  done
  cat "$captures/$capture.frames.tsv" >"$capture.frames.tsv"
done <<'LIST'
livekit-go 7880 0
livekit-mid 7880 0
livekit-signaling 7880 0 1
pipe-any-ipv6 9103 0
pipe-reorder 9103 0
pmd-frag 9102 0
pmd-frag-nocontext 9102 0
sip-ws 5066 0
webrtc-json-pmd 9001 2 3
big-mtu1500 9103 0
LIST
