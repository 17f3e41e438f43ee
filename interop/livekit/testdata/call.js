// A participant that does what the test tells it and keeps what it saw. All of LiveKit
// that it uses is the public API of livekit-client.
const { Room, RoomEvent, Track, VideoPresets, DisconnectReason } = LivekitClient;
const $ = (id) => document.getElementById(id);

// A small picture: the machine has no encoder of its own and other things to do.
const room = new Room({ videoCaptureDefaults: { resolution: VideoPresets.h180.resolution } });
const events = []; // {what, …} in the order in which they came

function saw(what, details = {}) {
  events.push({ what, ...details });
  const item = document.createElement('li');
  item.textContent = [what, ...Object.entries(details).map(([k, v]) => `${k}=${v}`)].join(' ');
  $('events').append(item);
}

room
  .on(RoomEvent.Connected, () => saw('connected'))
  .on(RoomEvent.Reconnecting, () => saw('reconnecting'))
  .on(RoomEvent.SignalReconnecting, () => saw('signal reconnecting'))
  .on(RoomEvent.Reconnected, () => saw('reconnected'))
  .on(RoomEvent.Disconnected, (reason) => saw('disconnected', { reason: DisconnectReason[reason] }))
  .on(RoomEvent.ParticipantConnected, (who) => saw('came', { who: who.identity }))
  .on(RoomEvent.ParticipantDisconnected, (who) => {
    saw('left', { who: who.identity });
    $('caption').textContent = 'nobody';
  })
  .on(RoomEvent.LocalTrackPublished, (publication) => {
    saw('published', { kind: publication.kind });
    if (publication.kind === Track.Kind.Video) publication.track.attach($('own'));
  })
  .on(RoomEvent.TrackSubscribed, (track, publication, who) => {
    saw('subscribed', { who: who.identity, kind: track.kind });
    track.attach(track.kind === Track.Kind.Video ? $('other') : $('voice'));
    $('caption').textContent = who.identity;
  })
  .on(RoomEvent.TrackUnsubscribed, (track, publication, who) => {
    saw('unsubscribed', { who: who.identity, kind: track.kind });
    track.detach();
  })
  .on(RoomEvent.TrackSubscriptionFailed, (sid) => saw('subscription failed', { sid }))
  .on(RoomEvent.MediaDevicesError, (error) => saw('no device', { error: error.message }))
  .on(RoomEvent.TrackMuted, (publication, who) => saw('muted', { who: who.identity, kind: publication.kind }))
  .on(RoomEvent.TrackUnmuted, (publication, who) => saw('unmuted', { who: who.identity, kind: publication.kind }))
  .on(RoomEvent.DataReceived, (payload, who, kind, topic) => {
    saw('data', { who: who.identity, topic, text: new TextDecoder().decode(payload) });
  });

// until returns when condition holds.
async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => { setTimeout(resolve, 50); });
}

// received is the report of the media of a kind that arrives.
async function received(who, kind) {
  const source = kind === 'video' ? Track.Source.Camera : Track.Source.Microphone;
  const track = room.remoteParticipants.get(who)?.getTrackPublication(source)?.track;
  const reports = [...((await track?.getRTCStatsReport())?.values() ?? [])];
  return reports.find((report) => report.type === 'inbound-rtp') ?? {};
}

window.call = {
  events,

  async join(url, token) {
    await room.connect(url, token);
    $('title').textContent = `${room.localParticipant.identity} in room ${room.name}`;
  },

  async publish() {
    await room.localParticipant.enableCameraAndMicrophone();
  },

  // seen returns when an event has come whose details are these.
  async seen(what, details = {}) {
    await until(() => events.some((event) => event.what === what
      && Object.entries(details).every(([k, v]) => event[k] === v)));
  },

  // watch returns when the picture of somebody has changed ten times on the screen.
  async watch(who) {
    const frames = () => $('other').getVideoPlaybackQuality().totalVideoFrames;
    await until(() => $('other').videoWidth > 0 && !$('other').paused);
    const before = frames();
    await until(() => frames() >= before + 10);
    await until(async () => (await received(who, 'video')).framesDecoded >= 10);
    return { width: $('other').videoWidth, height: $('other').videoHeight };
  },

  // listen returns when the beep of somebody's microphone has arrived and been played.
  async listen(who) {
    await until(async () => {
      const { bytesReceived, totalAudioEnergy } = await received(who, 'audio');
      return bytesReceived > 0 && totalAudioEnergy > 0;
    });
    const before = (await received(who, 'audio')).bytesReceived;
    await until(async () => (await received(who, 'audio')).bytesReceived > before);
  },

  async send(text) {
    await room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true, topic: 'chat' });
  },

  async mute(muted) {
    await room.localParticipant.setMicrophoneEnabled(!muted);
  },

  async leave() {
    await room.disconnect();
    await until(() => sockets.every((socket) => socket.state === 'closed'));
  },
};
