// Counts the takes while the recorder above records. Streamlit's recorder says nothing until it is stopped, so its microphone is
// heard along: the stream that the page asks for is the one that is counted. The rule is that of `segments.find_takes`.

const COUNT_MS = 200;

// Runs in the audio thread: the mean power of each hop.
const METER = `
registerProcessor("meter", class extends AudioWorkletProcessor {
  sum = 0;
  filled = 0;
  constructor({ processorOptions }) {
    super();
    this.hop = Math.round(processorOptions.hop * sampleRate);
  }
  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.sum += sample * sample;
      if (++this.filled === this.hop) {
        this.port.postMessage(this.sum / this.hop);
        this.sum = this.filled = 0;
      }
    }
    return true;
  }
});`;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".takes");
  root.counter ??= open(root, data.rule);
  return root.counter.close;
}

function open(root, rule) {
  root.role = "status";
  const media = navigator.mediaDevices;
  let heard = null;
  let timer = 0;

  function say() {
    const count = countTakes(heard.powers, rule);
    const takes = count ? `${count} ${count === 1 ? "take" : "takes"} heard so far` : "Listening: no take heard yet";
    const text = heard.live ? takes : ""; // then the cut takes are below
    if (root.textContent !== text) root.textContent = text;
    root.classList.toggle("on", heard.live);
  }

  async function hear(stream) {
    release();
    const hearing = (heard = { powers: [], live: true, context: new AudioContext() });
    const { context } = hearing;
    const code = URL.createObjectURL(new Blob([METER], { type: "text/javascript" }));
    await context.audioWorklet.addModule(code);
    URL.revokeObjectURL(code);
    await context.resume();
    if (heard !== hearing) return context.close();
    const meter = new AudioWorkletNode(context, "meter", { numberOfOutputs: 0, processorOptions: rule });
    meter.port.onmessage = ({ data }) => hearing.powers.push(data);
    const [low, high] = rule.band;
    const above = new BiquadFilterNode(context, { type: "highpass", frequency: low });
    const below = new BiquadFilterNode(context, { type: "lowpass", frequency: high });
    context.createMediaStreamSource(stream).connect(above).connect(below).connect(meter);
    timer = setInterval(() => {
      hearing.live = stream.getAudioTracks().some((track) => track.readyState === "live");
      say();
      if (!hearing.live) release();
    }, COUNT_MS);
  }

  function release() {
    clearInterval(timer);
    heard?.context.close();
    heard = null;
  }

  if (media?.getUserMedia) {
    const ask = media.getUserMedia;
    media.getUserMedia = async (...wanted) => {
      const stream = await ask.apply(media, wanted);
      hear(stream).catch(release); // without the count, the recording is as good
      return stream;
    };
  }
  return {
    close: () => {
      delete media?.getUserMedia; // what covers the browser's own
      release();
      root.counter = null;
    },
  };
}

// How many takes there are, from the mean power of each hop.
function countTakes(powers, rule) {
  const span = Math.round(rule.span / rule.hop);
  const levels = [];
  for (let first = 0; first + span <= powers.length; first++) {
    let sum = 0;
    for (let place = first; place < first + span; place++) sum += powers[place];
    levels.push(10 * Math.log10(Math.max(sum / span, 1e-12)));
  }
  if (levels.length < 3) return 0;
  const sorted = [...levels].sort((one, other) => one - other);
  const percentile = (share) => {
    const at = (sorted.length - 1) * share;
    const low = Math.floor(at);
    return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
  };
  const noise = percentile(0.2);
  const height = percentile(0.97) - noise;
  if (height < rule.rise) return 0;
  const above = ([share, low, high]) => noise + Math.min(Math.max(share * height, low), high);
  const stretches = [];
  levels.forEach((level, place) => {
    if (level <= above(rule.edge)) return;
    const last = stretches.at(-1);
    if (last && place - last.end < Math.round(rule.pause / rule.hop)) last.end = place + 1;
    else stretches.push({ first: place, end: place + 1 });
  });
  return stretches.filter(
    ({ first, end }) =>
      end - first >= rule.shortest / rule.hop && Math.max(...levels.slice(first, end)) >= above(rule.peak),
  ).length;
}
